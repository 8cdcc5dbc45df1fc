/**
 * Works through items with `lanes` of them in flight. The first failure stops the taking of further ones; it is thrown when all that had
 * begun have ended, so that nothing goes on behind the caller's back.
 */
export async function inLanes<T>(items: Iterable<T>, lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true && failures.length === 0; next = iterator.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failures.length > 0) throw failures[0];
}

/** Limits of a batch of files for one task of a worker. */
export interface BatchLimits {
  readonly files: number;
  readonly bytes: number;
}

/** Cuts files into batches; a file larger than the limit is a batch of its own. */
export function* fileBatches<T extends { readonly size: number }>(files: Iterable<T>, limits: BatchLimits): Generator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && (batch.length >= limits.files || bytes + file.size > limits.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) yield batch;
}
