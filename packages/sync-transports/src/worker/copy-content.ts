import { chmodSync, constants, copyFileSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { CopyFailure } from './copy-failure.ts';
import type { Pace } from './pace.ts';
import { errnoOf } from './raw-fs.ts';

const PAGE = 4096;
const ZEROS = Buffer.alloc(PAGE);

/** Two open files and how to get the content of one into the other. */
export interface ContentCopy {
  readonly from: number;
  readonly to: number;
  readonly size: number;
  /** `holes`: pages of zeros are left out, because the source has holes too. */
  readonly sparse: 'holes' | 'dense';
  readonly pace: Pace;
  readonly buffer: Buffer;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Copies piece by piece, from where an earlier attempt stopped: the partial file's name says which sealed content it belongs to, and the
 * destination is hashed afterwards. Gives the number of bytes that were there already.
 */
export function copyContent(copy: ContentCopy): number {
  const { from, to, size, buffer, pace } = copy;
  const resumed = resumeOffset(to, { size, piece: pace.piece });
  for (let at = resumed; at < size;) {
    const read = attemptOn('source', 'read', () => readSync(from, buffer, 0, Math.min(pace.piece, size - at), at));
    // Shorter than it was sealed: the stat after the copy says so.
    if (read === 0) break;
    attemptOn('destination', 'write', () => writePiece(copy, { at, bytes: read }));
    at += read;
    copy.onBytes(read);
    pace.spend(read);
  }
  attemptOn('destination', 'ftruncate', () => ftruncateSync(to, size));
  return resumed;
}

/** Runs a system call; a failure says on which side it happened. */
export function attemptOn<T>(side: 'source' | 'destination', call: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (errnoOf(error) === 'UNKNOWN') throw error;
    throw new CopyFailure(side, call, error);
  }
}

/** Opens a partial file; one that an earlier attempt has already given a read-only mode is opened up again. */
export function openPartial(path: Buffer): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    chmodSync(path, 0o600);
    return openSync(path, flags, 0o600);
  }
}

/**
 * Shares the content's blocks with the source where the file system can (btrfs, XFS, APFS): no byte is copied. `kept`: a partial file is there, which
 * the call would delete when it fails. `off`: the file system cannot, do not ask again.
 */
export function cloneFile(from: Buffer, to: Buffer): 'cloned' | 'kept' | 'off' {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    // It has the source's mode, which may forbid its own owner to finish it.
    chmodSync(to, 0o600);
    return 'cloned';
  } catch (error) {
    // Every other reason ends the same way: the ordinary copy meets the real failure, if there is one, and names its side.
    return errnoOf(error) === 'EEXIST' ? 'kept' : 'off';
  }
}

function resumeOffset(to: number, { size, piece }: { readonly size: number; readonly piece: number }): number {
  const there = attemptOn('destination', 'fstat', () => fstatSync(to).size);
  return there > size ? 0 : Math.floor(there / piece) * piece;
}

function writePiece({ to, buffer, sparse }: ContentCopy, { at, bytes }: { readonly at: number; readonly bytes: number }): void {
  if (sparse === 'dense') {
    writeAll(to, buffer.subarray(0, bytes), at);
    return;
  }
  for (let start = 0; start < bytes;) {
    const end = dataEnd(buffer, start, bytes);
    if (end > start) writeAll(to, buffer.subarray(start, end), at + start);
    start = end;
    while (start < bytes && isHole(buffer, start, bytes)) start = Math.min(bytes, start + PAGE);
  }
}

function dataEnd(buffer: Buffer, start: number, bytes: number): number {
  let end = start;
  while (end < bytes && !isHole(buffer, end, bytes)) end = Math.min(bytes, end + PAGE);
  return end;
}

function isHole(buffer: Buffer, start: number, bytes: number): boolean {
  const length = Math.min(PAGE, bytes - start);
  return buffer.compare(ZEROS, 0, length, start, start + length) === 0;
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
