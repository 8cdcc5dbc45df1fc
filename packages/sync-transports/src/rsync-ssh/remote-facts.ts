/** A program there that prints SHA-256 in the form of sha256sum; words of a command, ours. */
export type Hasher = 'sha256sum' | 'openssl dgst -sha256 -r' | 'shasum -a 256';

/** What the other side can do, as FACTS_SCRIPT tells it. */
export interface RemoteFacts {
  /** Where rsync lies; null where it is missing. */
  readonly rsync: string | null;
  /** False where rsync lies in a folder that the account's PATH does not name: then it must be told where. */
  readonly isRsyncOnPath: boolean;
  readonly cores: number;
  /** null: it does not say. */
  readonly hasAes: boolean | null;
  /** `head -c` takes no byte too many from a pipe (GNU's): then a shell can go on after a script with input. */
  readonly isHeadExact: boolean;
  /** The quickest; null where there is none at all. */
  readonly hasher: Hasher | null;
  /** Of `hasher`. A guess where it could not be measured. */
  readonly bytesPerSecond: number;
  /** Nanoseconds for {@link MEASURED_BYTES}. */
  readonly hashTimes: ReadonlyMap<Hasher, number>;
  readonly hasGnuTar: boolean;
  readonly account: RemoteAccount;
}

/** Who unpacks there: what its files belong to depends on that. */
export interface RemoteAccount {
  readonly isRoot: boolean;
  /** Name of its first group; empty where it has none. */
  readonly group: string;
  /** Names and numbers of all its groups as `id` prints them, separated by blanks. (A name may hold blanks, too.) */
  readonly groups: string;
  readonly groupIds: string;
}

/** As much as FACTS_SCRIPT lets each program hash. */
export const MEASURED_BYTES: number = 4 * 1024 * 1024;
/** coreutils' sha256sum without the processor's help. */
const SLOW = 200e6;

const HASHERS: readonly Hasher[] = ['sha256sum', 'openssl dgst -sha256 -r', 'shasum -a 256'];

/** The fields behind `facts`. */
export function parseFacts([plainRsync = '', anyRsync = '', cores = '', aes = '', head = '', ...rest]: readonly string[]): RemoteFacts {
  const hashTimes = new Map<Hasher, number>();
  for (const [index, hasher] of HASHERS.entries()) {
    const time = rest[index] ?? '';
    if (/^\d+$/.test(time)) hashTimes.set(hasher, Number(time));
  }
  const [tar, uid, group = '', groups = '', groupIds = ''] = rest.slice(HASHERS.length);
  const quickest = [...hashTimes].sort(([, left], [, right]) => left - right)[0];
  return {
    rsync: plainRsync !== '' ? plainRsync : anyRsync !== '' ? anyRsync : null,
    isRsyncOnPath: plainRsync !== '',
    cores: Math.max(1, Number.parseInt(cores, 10) || 1),
    hasAes: aes === 'unknown' || aes === '' ? null : aes === 'yes',
    isHeadExact: head === 'exact',
    hasher: quickest?.[0] ?? null,
    bytesPerSecond: quickest === undefined || quickest[1] === 0 ? SLOW : (MEASURED_BYTES * 1e9) / quickest[1],
    hashTimes,
    hasGnuTar: tar === 'gnu',
    account: { isRoot: uid === '0', group, groups, groupIds },
  };
}

/** How many fields stand behind `facts`. */
export const FACT_FIELDS = 13;
