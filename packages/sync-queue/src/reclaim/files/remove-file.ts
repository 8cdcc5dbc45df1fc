import type { BigIntStats } from 'node:fs';
import { close, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { RawPath, SealedFile } from '@longhaul/sync-transports';
import { errnoOf } from './errno.ts';
import { hashOpenFile } from './hash-open-file.ts';
import type { HeldFolder } from './held-folder.ts';
import { mountIdOf } from './held-folder.ts';
import type { Removal, RemoveOptions } from './source-files.ts';

/** The file system gives the space back when the last descriptor goes: milliseconds, which must not hold up this thread. */
const closeLater = promisify(close);

// NONBLOCK: a pipe that was swapped in must not hold us for ever.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A sealed file in the folder that is held. */
export interface FileInFolder {
  readonly folder: HeldFolder;
  /** Raw, one part. */
  readonly name: string;
  readonly file: SealedFile;
  /** Of the source's root: nothing of another file system is touched. `mount` is null where the kernel does not tell. */
  readonly dev: bigint;
  readonly mount: string | null;
}

/**
 * Deletes a file whose content, read anew through the descriptor that is held, is what was sealed. Between the last comparison of name and
 * descriptor and the unlink nothing of this process runs; what another process does in those microseconds no program can rule out.
 */
export async function removeFile(target: FileInFolder, options: RemoveOptions): Promise<Removal> {
  const { path } = target.file;
  let fd: number;
  try {
    fd = openSync(target.folder.at(target.name), READ);
  } catch (error) {
    return notOpened(path, error);
  }
  try {
    return await removeOpen(fd, target, options);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'UNKNOWN') throw error;
    return code === 'ENOENT' ? { kind: 'gone', path } : { kind: 'kept', path, why: 'denied', detail: code };
  } finally {
    await closeLater(fd);
  }
}

async function removeOpen(fd: number, target: FileInFolder, { ready, allowed, signal }: RemoveOptions): Promise<Removal> {
  const { folder, name, file, mount } = target;
  const { path, size, sha256 } = file;
  const kept = (why: 'changed' | 'moved', detail: string): Removal => ({ kind: 'kept', path, why, detail });
  const before = fstatSync(fd, { bigint: true });
  const refusal = notTheFile(before, target) ?? (mountIdOf(fd) === mount ? null : 'another file system is mounted over it');
  if (refusal !== null) return kept('changed', refusal);
  const content = await hashOpenFile(fd, size, signal);
  if (content.bytes !== size || content.sha256 !== sha256) return kept('changed', 'its content is not what was sealed');
  await asked(ready);
  // From here to the unlink without a pause.
  if (!isSame(before, fstatSync(fd, { bigint: true }))) return kept('changed', 'it was written to while it was read');
  if (!folder.inPlace()) return kept('moved', 'a folder on the way to it was moved or replaced');
  if (!isSame(before, folder.lstat(name))) return kept('changed', 'another file has its name by now');
  if (!allowed()) return { kind: 'stopped', path };
  unlinkSync(folder.at(name));
  const after = fstatSync(fd, { bigint: true });
  // st_blocks counts 512 bytes whatever the block size is.
  return { kind: 'removed', path, bytes: size, freedBytes: after.nlink === 0n ? Number(before.blocks) * 512 : 0 };
}

/** What goes wrong there is no matter of this file. */
async function asked(ready: RemoveOptions['ready']): Promise<void> {
  try {
    await ready?.();
  } catch (cause) {
    if (errnoOf(cause) === 'UNKNOWN') throw cause;
    throw new Error(`the last check could not be made: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function notTheFile(found: BigIntStats, { dev, file }: FileInFolder): string | null {
  if (!found.isFile()) return 'it is no regular file any more';
  if (found.dev !== dev) return 'it lies on another file system';
  return found.size === BigInt(file.size) ? null : `it has ${String(found.size)} bytes, and was sealed with ${String(file.size)}`;
}

/** The same file, and nobody has touched it: any write, chmod or rename moves ctime, which nobody can set back. */
function isSame(left: BigIntStats, right: BigIntStats): boolean {
  return left.dev === right.dev && left.ino === right.ino && left.size === right.size && left.mtimeNs === right.mtimeNs && left.ctimeNs === right.ctimeNs;
}

function notOpened(path: RawPath, error: unknown): Removal {
  const code = errnoOf(error);
  switch (code) {
    case 'UNKNOWN':
      throw error;
    case 'ENOENT':
      return { kind: 'gone', path };
    // ELOOP: a symlink stands where the file was. ENXIO: a socket, or a pipe that nobody writes to.
    case 'ELOOP':
    case 'ENXIO':
    case 'ENOTDIR':
      return { kind: 'kept', path, why: 'changed', detail: 'it is no regular file any more' };
    default:
      return { kind: 'kept', path, why: 'denied', detail: code };
  }
}
