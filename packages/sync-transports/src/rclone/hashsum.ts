import { createHash } from 'node:crypto';
import { count, TransportError, TransportErrorKind } from '@longhaul/errors';
import { HashsumTally } from '../manifest/hashsum-tally.ts';
import { METADATA } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, rawPathBytes } from '../raw-path.ts';
import type { SealedFile, SealedSymlink } from '../seal.ts';
import type { HashsumRequest, ProofStrength, RemoteEntry, RemoteManifest } from '../transport.ts';
import { remoteName } from './push-plan.ts';
import type { RemoteFolder, RemoteItem, RemoteTree } from './remote-folder.ts';
import { filesFrom } from './remote-folder.ts';
import { fromRclonePath } from './standard-names.ts';

const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/**
 * Lists a tree, and hashes what the seal knows of it: by the remote's own SHA-256, or by reading every byte back (`--download`). Everything that is there is
 * listed; what the seal does not know is not hashed. `listed`: the tree, where the caller has listed it just now.
 */
export async function hashsum(folder: RemoteFolder, { tree, listed, request }: { readonly tree: RawPath; readonly listed?: RemoteTree | null; readonly request: HashsumRequest }): Promise<RemoteManifest> {
  const { seal, signal } = request;
  const [strength, found] = await Promise.all([folder.strength(signal), listed ?? listTree(folder, tree, signal)]);
  const files = seal.entries.filter((entry): entry is SealedFile => entry.type === 'file' && isFile(found.get(entry.path), entry.size));
  const links = seal.entries.filter((entry): entry is SealedSymlink => entry.type === 'symlink' && isFile(found.get(remoteName(entry)), entry.target.length));
  const paths = [...files, ...links].map(remoteName);
  const hashes = strength === 'size' || paths.length === 0 ? new Map<RawPath, string>() : await hashAll(folder, { tree, paths, strength, request });
  return { strength, entries: entriesOf({ folder, seal, found, hashes, strength }) };
}

async function listTree(folder: RemoteFolder, tree: RawPath, signal: AbortSignal | undefined): Promise<RemoteTree> {
  return (await folder.list(tree, { depth: 'all', signal })) ?? new Map<RawPath, RemoteItem>();
}

interface HashWork {
  readonly tree: RawPath;
  readonly paths: readonly RawPath[];
  readonly strength: Exclude<ProofStrength, 'size'>;
  readonly request: Pick<HashsumRequest, 'onProgress' | 'signal'> & { readonly seal: Pick<HashsumRequest['seal'], 'entries'> };
}

async function hashAll(folder: RemoteFolder, work: HashWork): Promise<ReadonlyMap<RawPath, string>> {
  const hashes = await hashSome(folder, work);
  const without = work.strength === 'sha256' ? work.paths.filter((path) => !hashes.has(path)) : [];
  // Some remotes have a hash of most files only: those are read back.
  if (without.length > 0) for (const [path, hash] of await hashSome(folder, { ...work, paths: without, strength: 'download' })) hashes.set(path, hash);
  assertHashed(folder, work.paths.filter((path) => !hashes.has(path)));
  return hashes;
}

/** Of files that are no part of a push: those that can be hashed. Empty where what is read may come from a cache of this machine. */
export async function sha256There(folder: RemoteFolder, { tree, paths, signal }: Pick<HashWork, 'tree' | 'paths'> & { readonly signal?: AbortSignal | undefined }): Promise<ReadonlyMap<RawPath, string>> {
  const strength = await folder.strength(signal);
  return strength === 'size' ? new Map() : hashSome(folder, { tree, paths, strength, request: { seal: { entries: [] }, ...(signal === undefined ? {} : { signal }) } });
}

/** rclone passes over what is gone since it was listed, without a word. Without its hash a file would count by its size. */
function assertHashed({ program }: RemoteFolder, missing: readonly RawPath[]): void {
  const [first] = missing;
  if (first === undefined) return;
  throw new TransportError(`no hash of ${count(missing.length, 'file')} at ${program.destination.remote}, among them "${displayPath(first)}": gone or changed while being hashed`, {
    errorKind: TransportErrorKind.UNKNOWN,
    hint: 'See that nothing else writes to the destination',
  });
}

async function hashSome({ program }: RemoteFolder, { tree, paths, strength, request }: HashWork): Promise<Map<RawPath, string>> {
  const hashes = new Map<RawPath, string>();
  const { onProgress, signal, seal } = request;
  const tally = new HashsumTally(seal.entries.filter((entry) => entry.type === 'file'), onProgress);
  const { transfers } = program.destination;
  await program.run({
    doing: strength === 'download' ? 'reading the files back' : 'hashing the files',
    args: ['hashsum', 'sha256', ...(strength === 'download' ? ['--download'] : []), ...(transfers === undefined ? [] : [`--transfers=${String(transfers)}`, `--checkers=${String(transfers)}`]), '--files-from-raw=-', program.at(tree)],
    input: filesFrom(paths),
    onLine: (line) => {
      const [, hash = '', name = ''] = LINE.exec(line) ?? [];
      if (hash === '') return;
      const path = fromRclonePath(name);
      hashes.set(path, hash);
      tally.done(path);
    },
    signal,
  });
  return hashes;
}

interface Found {
  readonly folder: RemoteFolder;
  readonly seal: HashsumRequest['seal'];
  readonly found: ReadonlyMap<RawPath, RemoteItem>;
  readonly hashes: ReadonlyMap<RawPath, string>;
  readonly strength: ProofStrength;
}

function entriesOf({ folder, seal, found, hashes, strength }: Found): Map<RawPath, RemoteEntry> {
  const links = new Map(seal.entries.flatMap((entry) => (entry.type === 'symlink' ? [[remoteName(entry), entry] as const] : [])));
  const entries = new Map<RawPath, RemoteEntry>();
  for (const [path, { type, size }] of found) {
    if (path === METADATA || path.startsWith(`${METADATA}/`)) continue;
    const link = links.get(path);
    if (type === 'dir') entries.set(path, { type: 'dir' });
    else if (link !== undefined) entries.set(link.path, { type: 'symlink', target: targetThere(link, { size, sha256: hashes.get(path), strength }) });
    else entries.set(path, { type: 'file', size, sha256: hashes.get(path) ?? null });
  }
  // A store without folders holds every folder that a name can have; which there were is in the inventory.
  if (folder.facts.folders === 'none' && found.size > 0) for (const { path, type } of seal.entries) if (type === 'dir' && !entries.has(path)) entries.set(path, { type: 'dir' });
  return entries;
}

/** The content of a link's file was hashed like any other; a target that is not the sealed one need not be known. */
function targetThere({ target }: SealedSymlink, { size, sha256, strength }: { readonly size: number; readonly sha256: string | undefined; readonly strength: ProofStrength }): RawPath {
  const same = strength === 'size' ? size === target.length : sha256 === createHash('sha256').update(rawPathBytes(target)).digest('hex');
  return same ? target : ('' as RawPath);
}

function isFile(item: RemoteItem | undefined, size: number): boolean {
  return item?.type === 'file' && item.size === size;
}
