import { realpath, stat } from 'node:fs/promises';
import { SourceNotDirectoryError, SourceNotFoundError, SourceUnreadableError } from '@longhaul/errors';
import { rawBase, rawParent, rawPathFromBytes } from '../raw-path.ts';
import type { RawPath } from '../raw-path.ts';
import type { SealSource } from '../seal.ts';
import { errnoOf, isGone } from '../worker/raw-fs.ts';

/**
 * The real path of a source and the device it lies on (design §5.1). A symlink is resolved here, once: what it points to later is another source.
 * @throws SourceNotFoundError, SourceUnreadableError, SourceNotDirectoryError for a socket, fifo or device
 */
export async function resolveSource(path: string): Promise<SealSource> {
  try {
    const real = rawPathFromBytes(await realpath(path, { encoding: 'buffer' }));
    const found = await stat(Buffer.from(real, 'latin1'), { bigint: true });
    if (found.isDirectory()) return { kind: 'directory', root: real, name: rawBase(real), dev: found.dev };
    if (found.isFile()) return { kind: 'file', root: rawParent(real) === '' ? ('/' as RawPath) : rawParent(real), name: rawBase(real), dev: found.dev };
  } catch (error) {
    throw sourceError(path, error);
  }
  throw new SourceNotDirectoryError(path, { hint: 'Sources are folders or regular files; sockets, fifos and devices hold nothing that could be sent' });
}

/** What a failed system call on the source itself means. */
export function sourceError(source: string, error: unknown): Error {
  const code = errnoOf(error);
  if (isGone(code)) return new SourceNotFoundError(source, { cause: error, hint: 'Check the path; if it lies on a disk or share, see that it is mounted' });
  if (code === 'UNKNOWN') return error instanceof Error ? error : new Error(String(error));
  return new SourceUnreadableError(source, ['.'], { cause: error, context: { errno: code } });
}
