import { createHash, hash } from 'node:crypto';
import { read, readSync } from 'node:fs';
import { promisify } from 'node:util';

const readLater = promisify(read);
const CHUNK = 1 << 20;
/** Up to here reading at once is quicker than waiting for a thread, and holds up nobody. */
const AT_ONCE = 256 << 10;

/** SHA-256 of an open file from its beginning, lower-case hexadecimal, and how many bytes there were. @throws the signal's reason */
export async function hashOpenFile(fd: number, size: number, signal?: AbortSignal): Promise<{ readonly sha256: string; readonly bytes: number }> {
  if (size <= AT_ONCE) {
    // One more than its size, so that a file that has grown is noticed.
    const whole = Buffer.allocUnsafe(size + 1);
    const got = readSync(fd, whole, 0, size + 1, 0);
    if (got === size) return { sha256: hash('sha256', whole.subarray(0, got)), bytes: got };
  }
  return hashInChunks(fd, signal);
}

async function hashInChunks(fd: number, signal?: AbortSignal): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const digest = createHash('sha256');
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  let bytes = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await readLater(fd, chunk, 0, CHUNK, bytes);
    if (bytesRead === 0) return { sha256: digest.digest('hex'), bytes };
    digest.update(chunk.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}
