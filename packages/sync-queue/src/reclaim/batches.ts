import type { SealedFile } from '@longhaul/sync-transports';
import type { ReaperTiming } from './reaper-ports.ts';

/** So many files, and so many bytes: what was withdrawn meanwhile is noticed between two. A file that is larger than a batch is one of its own. */
export function* batches(files: readonly SealedFile[], { batch, batchBytes }: Pick<ReaperTiming, 'batch' | 'batchBytes'>): Generator<readonly SealedFile[]> {
  let next: SealedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (next.length > 0 && (next.length >= batch || bytes + file.size > batchBytes)) {
      yield next;
      next = [];
      bytes = 0;
    }
    next.push(file);
    bytes += file.size;
  }
  if (next.length > 0) yield next;
}
