import type { RawPath } from '../raw-path.ts';
import type { Finding, SealedDirectory, SealedFile, SealedSymlink } from '../seal.ts';
import type { EntryBatch } from '../worker/entry-batch.ts';
import { appendEntry, EntryType, hashAt, newEntryBatch, statsAt } from '../worker/entry-batch.ts';

/** A file on its way into a seal: the hash is filled in when it is known. */
export type FileDraft = { -readonly [Key in 'sha256']: string | null } & Omit<SealedFile, 'sha256'>;

export type EntryDraft = FileDraft | SealedDirectory | SealedSymlink;

/** What a listing's batch holds: entries, and what cannot be sent. */
export interface Drafts {
  readonly entries: EntryDraft[];
  readonly findings: Finding[];
}

export function draftsOf(batch: EntryBatch): Drafts {
  const drafts: Drafts = { entries: [], findings: [] };
  for (const [index, path] of batch.paths.entries()) addDraft(drafts, batch, { index, path: path as RawPath });
  return drafts;
}

function addDraft({ entries, findings }: Drafts, batch: EntryBatch, { index, path }: { readonly index: number; readonly path: RawPath }): void {
  const { size, allocated, nlink, mode, mtimeNs, ctimeNs, dev, ino } = statsAt(batch, index);
  const common = { path, mode: Number(mode), mtimeNs, ctimeNs, dev, ino };
  switch (batch.types[index] as EntryType) {
    case EntryType.FILE: {
      const hash = hashAt(batch, index);
      entries.push({ type: 'file', ...common, size: Number(size), allocated: Number(allocated), nlink: Number(nlink), sha256: hash === null ? null : hex(hash) });
      break;
    }
    case EntryType.DIR:
      entries.push({ type: 'dir', ...common });
      break;
    case EntryType.SYMLINK:
      entries.push({ type: 'symlink', ...common, target: (batch.targets[index] ?? '') as RawPath });
      break;
    case EntryType.SOCKET:
      findings.push({ path, kind: 'socket' });
      break;
    case EntryType.FIFO:
      findings.push({ path, kind: 'fifo' });
      break;
    case EntryType.DEVICE:
      findings.push({ path, kind: 'device' });
      break;
  }
}

/** Files as a worker takes them. */
export function batchOf(files: readonly Omit<SealedFile, 'sha256'>[]): EntryBatch {
  const batch = newEntryBatch(files.length);
  for (const file of files) {
    const { path, dev, ino, mtimeNs, ctimeNs } = file;
    const stats = { dev, ino, mtimeNs, ctimeNs, size: BigInt(file.size), allocated: BigInt(file.allocated), mode: BigInt(file.mode), nlink: BigInt(file.nlink) };
    appendEntry(batch, { path, type: EntryType.FILE, stats });
  }
  return batch;
}

/** Bytes as lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
