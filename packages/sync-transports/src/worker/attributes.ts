import { errnoOf } from './raw-fs.ts';

/** Seconds as Node's utimes calls take them; a double holds them to about a quarter of a microsecond. */
export function secondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000_000n) + Number(nanoseconds % 1_000_000_000n) / 1e9;
}

/** What a file system without modes (exFAT, many SMB mounts) says to chmod. Content is proven without them. */
const REFUSALS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Does what a file system may refuse without harm. */
export function attempt(act: () => void): 'done' | 'refused' {
  try {
    act();
    return 'done';
  } catch (error) {
    if (REFUSALS.includes(errnoOf(error))) return 'refused';
    throw error;
  }
}
