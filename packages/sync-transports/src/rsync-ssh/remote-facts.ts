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
}

/** As much as FACTS_SCRIPT lets each program hash. */
export const MEASURED_BYTES: number = 4 * 1024 * 1024;
/** coreutils' sha256sum without the processor's help. */
const SLOW = 200e6;

const HASHERS: readonly Hasher[] = ['sha256sum', 'openssl dgst -sha256 -r', 'shasum -a 256'];

/** The fields behind `facts`. */
export function parseFacts([plainRsync = '', anyRsync = '', cores = '', aes = '', head = '', ...times]: readonly string[]): RemoteFacts {
  const hashTimes = new Map<Hasher, number>();
  for (const [index, hasher] of HASHERS.entries()) {
    const time = times[index] ?? '';
    if (/^\d+$/.test(time)) hashTimes.set(hasher, Number(time));
  }
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
  };
}

/** How many fields stand behind `facts`. */
export const FACT_FIELDS = 8;
