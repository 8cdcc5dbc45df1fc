import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone when the test is over. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** A path below the folder; nothing is created. */
  join(...parts: readonly string[]): string;
}

/**
 * A new folder under the system's folder for temporary files, removed with all it holds when it is disposed.
 * Use it with `await using`, or hand `[Symbol.asyncDispose]` to `onTestFinished`.
 */
export async function tempDir(prefix = 'longhaul-test-'): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return {
    path,
    join: (...parts) => join(path, ...parts),
    // Retries: a service that is being stopped may write one more file while its folder is emptied.
    [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}
