import type { BigIntStats } from 'node:fs';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { joinRaw, METADATA, rawBase, rawParent } from '@longhaul/sync-transports';
import type { RawPath, Seal, SealedFile, SealEntry } from '@longhaul/sync-transports';
import { errnoOf } from './errno.ts';
import type { FolderChain } from './folder-chain.ts';
import type { FoundReceipt } from './found-receipt.ts';
import { receiptBelow } from './found-receipt.ts';
import { hashOpenFile } from './hash-open-file.ts';
import type { HeldFolder } from './held-folder.ts';
import { metadataName } from './leave-behind.ts';
import type { SourceLook } from './source-files.ts';

/** Other work of this thread gets its turn after so many entries. */
const TURN = 500;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Where to look. */
export interface LookRequest {
  readonly chain: FolderChain;
  readonly seal: Seal;
  readonly signal: AbortSignal | undefined;
}

/**
 * Holds the source against its seal: by stat, and where a stat differs by content, because a chmod, a restored backup or the removal of
 * another hard link moves ctime and changes nothing.
 */
export async function lookAtSource(request: LookRequest): Promise<SourceLook> {
  const look = new SourceLooker(request);
  if (request.seal.source.kind === 'file') await look.only();
  else await look.folder('' as RawPath);
  return look.result();
}

class SourceLooker {
  readonly #request: LookRequest;
  readonly #sealed: ReadonlyMap<RawPath, SealEntry>;
  readonly #present: SealedFile[] = [];
  readonly #changed: RawPath[] = [];
  readonly #unreadable: SourceLook['unreadable'][number][] = [];
  readonly #extra: RawPath[] = [];
  readonly #receipts: FoundReceipt[] = [];
  readonly #seen = new Set<RawPath>();
  #turn = 0;

  constructor(request: LookRequest) {
    this.#request = request;
    this.#sealed = new Map(request.seal.entries.map((entry) => [entry.path, entry]));
  }

  async only(): Promise<void> {
    const { source } = this.#request.seal;
    this.#receipt('' as RawPath, METADATA);
    this.#receipt('' as RawPath, metadataName(source));
    for (const entry of this.#sealed.values()) if (entry.type === 'file') await this.#entry(entry.path, this.#request.chain.to(rawParent(entry.path)), { onlySealed: 'yes' });
  }

  async folder(path: RawPath): Promise<void> {
    const names = this.#namesOf(path);
    if (names.includes(METADATA)) this.#receipt(path, METADATA);
    const below: RawPath[] = [];
    for (const name of names) {
      if (path === '' && name === METADATA) continue;
      const entry = joinRaw(path, name as RawPath);
      if ((await this.#entry(entry, this.#request.chain.to(path), { onlySealed: 'no' })) === 'folder') below.push(entry);
    }
    for (const entry of below) await this.folder(entry);
  }

  result(): SourceLook {
    const gone = this.#request.seal.entries.filter(({ type, path }) => type === 'file' && !this.#seen.has(path)).map(({ path }) => path);
    return { present: this.#present, gone, changed: this.#changed, unreadable: this.#unreadable, extra: this.#extra, receipts: this.#receipts };
  }

  /** `path`: the folder that has it, in the source. */
  #receipt(path: RawPath, name: string): void {
    const { chain, seal } = this.#request;
    const state = receiptBelow(chain.to(path), name);
    const root = path === '' ? seal.source.root : joinRaw(seal.source.root, path);
    if (state.kind !== 'none') this.#receipts.push({ place: name === METADATA ? { kind: 'directory', root, name: rawBase(root) } : seal.source, state });
  }

  #namesOf(path: RawPath): readonly string[] {
    try {
      return this.#request.chain.to(path).names();
    } catch (error) {
      const code = codeOf(error);
      // Gone since its entry was seen: so is what it held.
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#unreadable.push({ path, code });
      return [];
    }
  }

  async #entry(path: RawPath, folder: HeldFolder, { onlySealed }: { readonly onlySealed: 'yes' | 'no' }): Promise<'folder' | 'other'> {
    await this.#giveTurn();
    const name = path.slice(path.lastIndexOf('/') + 1);
    const sealed = this.#sealed.get(path);
    const found = statOf(folder, name);
    if (found === null) return 'other';
    if (sealed === undefined) {
      if (onlySealed === 'no') this.#extra.push(path);
      return 'other';
    }
    this.#seen.add(path);
    if (sealed.type === 'file') await this.#file(sealed, { folder, name, found });
    // A symlink in a folder's place is not followed: what was in it counts as gone, and this as something else.
    else if (sealed.type === 'dir' && !found.isDirectory()) this.#extra.push(path);
    return sealed.type === 'dir' && found.isDirectory() ? 'folder' : 'other';
  }

  async #file(file: SealedFile, { folder, name, found }: { readonly folder: HeldFolder; readonly name: string; readonly found: BigIntStats }): Promise<void> {
    if (!found.isFile() || found.size !== BigInt(file.size)) this.#changed.push(file.path);
    else if (isAsSealed(file, found)) this.#present.push(file);
    else await this.#byContent(file, { folder, name });
  }

  async #byContent(file: SealedFile, { folder, name }: { readonly folder: HeldFolder; readonly name: string }): Promise<void> {
    let fd: number;
    try {
      fd = openSync(folder.at(name), READ);
    } catch (error) {
      this.#unreadable.push({ path: file.path, code: codeOf(error) });
      return;
    }
    try {
      const isRegular = fstatSync(fd).isFile();
      const { sha256 } = isRegular ? await hashOpenFile(fd, file.size, this.#request.signal) : { sha256: '' };
      if (sha256 === file.sha256) this.#present.push(file);
      else this.#changed.push(file.path);
    } finally {
      closeSync(fd);
    }
  }

  async #giveTurn(): Promise<void> {
    this.#turn += 1;
    if (this.#turn % TURN !== 0) return;
    await new Promise(setImmediate);
    this.#request.signal?.throwIfAborted();
  }
}

/** Any write, chmod or rename moves ctime. */
function isAsSealed(file: SealedFile, found: BigIntStats): boolean {
  return found.dev === file.dev && found.ino === file.ino && found.mtimeNs === file.mtimeNs && found.ctimeNs === file.ctimeNs;
}

/** null: gone since its folder was read. */
function statOf(folder: HeldFolder, name: string): BigIntStats | null {
  try {
    return folder.lstat(name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** @throws what is no failed system call */
function codeOf(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'UNKNOWN') throw error;
  return code;
}
