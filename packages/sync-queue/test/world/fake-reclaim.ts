import { SourceBlocked } from '@longhaul/sync-queue';
import type { HeldSource, JournalPast, JournalShelf, ReclaimJournal, Removal, SourceFiles } from '@longhaul/sync-queue';
import type { RawPath, Seal, SealedFile } from '@longhaul/sync-transports';
import type { FakeFolder } from './fake-source.ts';
import { sha256 } from './fake-source.ts';
import type { Life } from './life.ts';

/** A file of a source that is deleted right now: the moment at which every promise must hold. */
export interface Deletion {
  readonly seal: Seal;
  readonly path: RawPath;
  readonly content: string;
}

export interface FakeSourceFilesPorts {
  readonly folders: ReadonlyMap<string, FakeFolder>;
  readonly life: Life;
  /** Lets the time pass that it takes to read a file. */
  readonly read: () => Promise<void>;
  /** Called before the file goes. */
  readonly onDelete: (deletion: Deletion) => Promise<void>;
}

/** Sources in memory, as a reaper holds them. */
export class FakeSourceFiles implements SourceFiles {
  readonly #ports: FakeSourceFilesPorts;

  constructor(ports: FakeSourceFilesPorts) {
    this.#ports = ports;
  }

  open(seal: Seal): Promise<HeldSource> {
    const { folders, life, read, onDelete } = this.#ports;
    const folder = folders.get(seal.source.root);
    if (folder === undefined) return Promise.reject(new SourceBlocked({ kind: 'source_gone', detail: 'no such folder' }));
    return Promise.resolve(life.through(heldSource(seal, { folder, read, onDelete })));
  }
}

function heldSource(seal: Seal, { folder, read, onDelete }: { readonly folder: FakeFolder } & Pick<FakeSourceFilesPorts, 'read' | 'onDelete'>): HeldSource {
  const sealed = seal.entries.filter((entry) => entry.type === 'file');
  const sameAs = ({ path, sha256: digest }: SealedFile): 'gone' | 'same' | 'changed' => {
    const found = folder.files.get(path);
    if (found === undefined) return 'gone';
    return sha256(found.content) === digest ? 'same' : 'changed';
  };
  const remove: HeldSource['remove'] = async (file, { ready, allowed }): Promise<Removal> => {
    const { path, size } = file;
    await read();
    await ready?.();
    const state = file.sha256 === 'unchecked' ? 'same' : sameAs(file);
    if (state === 'gone') return { kind: 'gone', path };
    if (state === 'changed') return { kind: 'kept', path, why: 'changed', detail: 'its content is another' };
    if (!allowed()) return { kind: 'stopped', path };
    await onDelete({ seal, path, content: folder.files.get(path)?.content ?? '' });
    folder.files.delete(path);
    return { kind: 'removed', path, bytes: size, freedBytes: size };
  };
  return {
    look: () =>
      Promise.resolve({
        present: sealed.filter((file) => sameAs(file) === 'same'),
        gone: sealed.filter((file) => sameAs(file) === 'gone').map(({ path }) => path),
        changed: sealed.filter((file) => sameAs(file) === 'changed').map(({ path }) => path),
        unreadable: [],
        receipts: [],
        extra: [...folder.files.keys()].filter((path) => !sealed.some((file) => file.path === path)),
      }),
    remove,
    areOriginals: (files) => Promise.resolve(files.every(({ path, ino }) => folder.files.get(path)?.born === Number(ino))),
    removeEmptyFolders: () => Promise.resolve(0),
    sharedWith: () => Promise.resolve({ kind: 'known', paths: [] }),
    receiptState: () => Promise.resolve('none'),
    withoutReceipt: async (work) => work(),
    leaveBehind: () => Promise.resolve(),
    freeBytes: () => Promise.resolve(0),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface Written {
  filesRemoved: number;
  bytesFreed: number;
  readonly pending: Set<RawPath>;
  readonly intended: Set<RawPath>;
}

/** Journals that outlive every reaper. */
export class FakeJournals {
  readonly #written = new Map<string, Written>();

  /** As one process sees them. */
  through(life: Life): JournalShelf {
    return life.through<JournalShelf>({ open: ({ reclaimId }) => Promise.resolve(life.through(this.#journal(reclaimId))) });
  }

  #journal(reclaimId: string): ReclaimJournal {
    const known = this.#written.get(reclaimId);
    const written = known ?? { filesRemoved: 0, bytesFreed: 0, pending: new Set<RawPath>(), intended: new Set<RawPath>() };
    this.#written.set(reclaimId, written);
    const past: JournalPast = { ...written, pending: new Set(written.pending), intended: new Set(written.intended), state: known === undefined ? 'new' : 'whole' };
    return {
      past,
      intend: (paths) => {
        for (const path of paths) {
          written.pending.add(path);
          written.intended.add(path);
        }
        return Promise.resolve();
      },
      note: (removals) => {
        for (const removal of removals) {
          written.pending.delete(removal.path);
          if (removal.kind !== 'removed') continue;
          written.filesRemoved += 1;
          written.bytesFreed += removal.freedBytes;
        }
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}
