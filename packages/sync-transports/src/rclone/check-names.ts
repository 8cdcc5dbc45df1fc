import { SourceNameError, TransportError, TransportErrorKind } from '@longhaul/errors';
import { passingPath } from '../protocol/layout.ts';
import type { NameFolding } from '../protocol/name-collisions.ts';
import { nameCollisions } from '../protocol/name-collisions.ts';
import { nameSamples } from '../protocol/name-samples.ts';
import { newScrapMark } from '../protocol/scraps.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw, rawBase, rawPathFromText } from '../raw-path.ts';
import type { Seal } from '../seal.ts';
import { LINK_SUFFIX, remoteName } from './push-plan.ts';
import type { RemoteFolder } from './remote-folder.ts';
import { EVERY_ENCODING, pathFault } from './standard-names.ts';

/**
 * Refuses names that would arrive as others: rclone writes what a backend cannot hold in other characters, without a word. What it may hold is tried out
 * there. A seal with plain names only costs nothing.
 * @throws SourceNameError naming them, before the first byte
 */
export async function checkNames(folder: RemoteFolder, seal: Seal): Promise<void> {
  // Which characters a backend takes is asked only where there is one that any of them does not.
  if (seal.entries.some((entry) => pathFault(remoteName(entry), EVERY_ENCODING))) {
    const { encoding } = await folder.kind();
    refuse(seal, seal.entries.filter((entry) => pathFault(remoteName(entry), encoding)).map(({ path }) => path), 'unsupported');
  }
  const written = seal.entries.map((entry) => ({ ...entry, path: remoteName(entry) }));
  const known = new Set(seal.entries.map(({ path }) => path));
  refuse(seal, seal.entries.filter(({ path, type }) => type === 'symlink' && known.has(`${path}${LINK_SUFFIX}` as RawPath)).map(({ path }) => path), 'collision');
  const samples = nameSamples({ entries: written });
  const mayCollide = nameCollisions({ entries: written }, { letterCase: 'ignored', unicodeForm: 'ignored' }).length > 0;
  if (samples.length === 0 && !mayCollide) return;
  await folder.assertThere();
  const place = passingPath('names', newScrapMark());
  try {
    const refused = new Set(await refusedSamples(folder, { place, samples }));
    refuse(seal, written.filter(({ path }) => refused.has(rawBase(path))).map(({ path }) => path), 'unsupported');
    if (mayCollide) refuse(seal, nameCollisions({ entries: written }, await folding(folder, place)), 'collision');
  } finally {
    await folder.removeFolder(place);
  }
}

/** A folder each: names that fold into one must not hide that the other was mangled. */
async function refusedSamples(folder: RemoteFolder, { place, samples }: { readonly place: RawPath; readonly samples: readonly RawPath[] }): Promise<readonly RawPath[]> {
  if (samples.length === 0) return [];
  const trials = samples.map((name, index) => ({ name, path: joinRaw(String(index) as RawPath, name) }));
  const files = trials.map(({ path }) => ({ path, content: 'x' }));
  // One that is refused fails the call; which one is seen by what has come.
  const failure = await folder.writeAll(place, { files }).then(() => null, (error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  const held = (await folder.list(place, { depth: 'all' })) ?? new Map<RawPath, unknown>();
  const missing = trials.filter(({ path }) => !held.has(path)).map(({ name }) => name);
  // Nothing has come: that is no matter of names.
  if (failure !== null && (missing.length === 0 || missing.length === trials.length) && !(await holdsPlain(folder, place))) throw failure;
  // All was taken, and none is there: somebody thought that nobody uses it.
  if (failure === null && missing.length === trials.length) throw new TransportError('what was written for trying names out is not there', { errorKind: TransportErrorKind.UNKNOWN });
  return missing;
}

async function holdsPlain(folder: RemoteFolder, place: RawPath): Promise<boolean> {
  await folder.write(joinRaw(place, 'plain' as RawPath), 'x');
  return true;
}

async function folding(folder: RemoteFolder, place: RawPath): Promise<NameFolding> {
  const pairs = [['Letter-Case', 'lETTER-cASE'], ['form-\u00e9', 'form-e\u0301']] as const;
  await folder.writeAll(place, { files: pairs.map(([made]) => ({ path: rawPathFromText(made), content: 'x' })) });
  const [letterCase, unicodeForm] = await Promise.all(pairs.map(async ([, sought]) => ((await folder.entry(joinRaw(place, rawPathFromText(sought)))) === null ? 'kept' : 'ignored')));
  return { letterCase: letterCase ?? 'kept', unicodeForm: unicodeForm ?? 'kept' };
}

function refuse(seal: Seal, paths: readonly RawPath[], problem: 'unsupported' | 'collision'): void {
  if (paths.length > 0) throw new SourceNameError(displayPath(seal.source.root), [...new Set(paths)].map(displayPath), { problem });
}

