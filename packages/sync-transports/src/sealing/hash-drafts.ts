import type { HashFault, HashProgress } from '../worker/tasks.ts';
import { fileBatches, inLanes } from '../worker/lanes.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { FileDraft } from './entry-draft.ts';
import { batchOf, hex } from './entry-draft.ts';

const BATCH = { files: 512, bytes: 64 << 20 };
const HASH_BYTES = 32;

/** What to hash and whom to tell. */
export interface HashRequest {
  /** Absolute, raw. */
  readonly root: string;
  readonly files: Iterable<FileDraft>;
  /** Called with the time at which a file's hashing began (milliseconds since 1970) when its hash is there. */
  readonly onHashed?: (file: FileDraft, startedAt: number) => void;
  readonly onProgress?: (progress: HashProgress) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** Fills in the hash of every file that has none, each inode read once. Gives what could not be hashed. */
export async function hashDrafts(pool: WorkerPool, request: HashRequest): Promise<readonly HashFault[]> {
  const { first, others } = byInode(request.files);
  const { now = Date.now } = request;
  const faults: HashFault[] = [];
  await inLanes(fileBatches(first, BATCH), pool.size, async (batch) => {
    const startedAt = now();
    const task = { kind: 'hash', root: request.root, files: batchOf(batch) } as const;
    const report = await pool.run(task, { onPart: request.onProgress, signal: request.signal });
    faults.push(...report.faults);
    const faulty = new Set(report.faults.map((fault) => fault.path));
    for (const [index, file] of batch.entries()) {
      if (faulty.has(file.path)) continue;
      const sha256 = hex(report.hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES));
      for (const same of [file, ...(others.get(file) ?? [])]) {
        same.sha256 = sha256;
        request.onHashed?.(same, startedAt);
      }
    }
    const linked = batch.flatMap((file) => others.get(file) ?? []);
    if (linked.length > 0) request.onProgress?.({ files: linked.length, bytes: linked.reduce((sum, { size }) => sum + size, 0) });
  });
  return faults;
}

/** One path of every inode, and the further names of those that have several. */
function byInode(files: Iterable<FileDraft>): { readonly first: readonly FileDraft[]; readonly others: ReadonlyMap<FileDraft, readonly FileDraft[]> } {
  const first: FileDraft[] = [];
  const others = new Map<FileDraft, FileDraft[]>();
  const seen = new Map<string, FileDraft>();
  for (const file of files) {
    if (file.sha256 !== null) continue;
    const key = file.nlink > 1 ? `${file.dev}:${file.ino}` : null;
    const known = key === null ? undefined : seen.get(key);
    if (known !== undefined) {
      others.set(known, [...(others.get(known) ?? []), file]);
      continue;
    }
    if (key !== null) seen.set(key, file);
    first.push(file);
  }
  return { first, others };
}
