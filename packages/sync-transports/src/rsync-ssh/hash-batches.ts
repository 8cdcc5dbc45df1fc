import type { RawPath } from '../raw-path.ts';
import type { SealedFile } from '../seal.ts';

/** Files that one channel hashes, and how their hashes are told apart. */
export interface HashBatch {
  readonly how: 'name' | 'position';
  readonly paths: readonly RawPath[];
}

/** Programs there differ in how they print a name with these, so such a file's hash is told by its position. */
const ODD = /[\n\r\\]/;

/** A channel more pays off from so much on. */
const BYTES_PER_CHANNEL = 64 * 1024 * 1024;
const FILES_PER_CHANNEL = 10_000;
const MAX_CHANNELS = 4;

/** Divides the files so that the channels have about the same to do. Hard-linked names are hashed each: the seal lists each. */
export function hashBatches(files: readonly SealedFile[], { cores }: { readonly cores: number }): readonly HashBatch[] {
  const plain = files.filter(({ path }) => !ODD.test(path));
  const odd = files.filter(({ path }) => ODD.test(path));
  const channels = channelCount(plain, cores);
  const lanes = Array.from({ length: channels }, () => ({ load: 0, paths: [] as RawPath[] }));
  // The big ones first, each to the lane that has least: no lane ends with a big file alone.
  for (const file of plain.toSorted((left, right) => right.size - left.size)) {
    const lane = lanes.reduce((least, other) => (other.load < least.load ? other : least));
    lane.load += file.size + PER_FILE;
    lane.paths.push(file.path);
  }
  return [...lanes.map(({ paths }): HashBatch => ({ how: 'name', paths })), { how: 'position' as const, paths: odd.map(({ path }) => path) }].filter(({ paths }) => paths.length > 0);
}

/** What opening and closing a file costs, in bytes hashed. */
const PER_FILE = 16 * 1024;

function channelCount(files: readonly SealedFile[], cores: number): number {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const wanted = Math.ceil(bytes / BYTES_PER_CHANNEL + files.length / FILES_PER_CHANNEL);
  return Math.max(1, Math.min(wanted, cores, MAX_CHANNELS, files.length));
}
