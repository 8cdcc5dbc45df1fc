import type { RawPath } from '../raw-path.ts';
import type { ListedFile } from '../seal.ts';

/** Files that one channel hashes, and how their hashes are told apart. */
export interface HashBatch {
  readonly how: 'name' | 'position';
  readonly paths: readonly RawPath[];
}

/** Programs there differ in how they print a name with these, so such a file's hash is told by its position. */
const ODD = /[\n\r\\]/;

/** A channel is worth it from so much work on: its login can cost a fifth of that. Seconds. */
const SECONDS_PER_CHANNEL = 0.5;
const MAX_CHANNELS = 4;
/** What opening and closing a file costs there. Seconds. */
const SECONDS_PER_FILE = 15e-6;

/** What the other side has for hashing. */
export interface HashPower {
  readonly cores: number;
  /** Of its quickest program. */
  readonly bytesPerSecond: number;
}

/** How many channels to hash these over. */
export function channelCount(files: readonly ListedFile[], { cores, bytesPerSecond }: HashPower): number {
  const seconds = files.reduce((sum, { size }) => sum + size / bytesPerSecond + SECONDS_PER_FILE, 0);
  return Math.max(1, Math.min(Math.ceil(seconds / SECONDS_PER_CHANNEL), cores, MAX_CHANNELS, files.length));
}

/** Divides the files so that the channels have about the same to do. Hard-linked names are hashed each: the seal lists each. */
export function hashBatches(files: readonly ListedFile[], power: HashPower): readonly HashBatch[] {
  const plain = files.filter(({ path }) => !ODD.test(path));
  const odd = files.filter(({ path }) => ODD.test(path));
  const channels = channelCount(plain, power);
  const lanes = Array.from({ length: channels }, () => ({ load: 0, paths: [] as RawPath[] }));
  // The big ones first, each to the lane that has least: no lane ends with a big file alone.
  for (const file of plain.toSorted((left, right) => right.size - left.size)) {
    const lane = lanes.reduce((least, other) => (other.load < least.load ? other : least));
    lane.load += file.size + SECONDS_PER_FILE * power.bytesPerSecond;
    lane.paths.push(file.path);
  }
  return [...lanes.map(({ paths }): HashBatch => ({ how: 'name', paths })), { how: 'position' as const, paths: odd.map(({ path }) => path) }].filter(({ paths }) => paths.length > 0);
}
