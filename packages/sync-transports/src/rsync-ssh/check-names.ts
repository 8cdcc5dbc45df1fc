import { SourceNameError } from '@longhaul/errors';
import type { NameFolding } from '../protocol/name-collisions.ts';
import { nameCollisions } from '../protocol/name-collisions.ts';
import { nameSamples } from '../protocol/name-samples.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, rawBase } from '../raw-path.ts';
import type { SealListing } from '../seal.ts';
import { newNonce } from './placement-values.ts';
import type { RemoteHost } from './remote-host.ts';
import { NAMES_SCRIPT } from './scripts/look-script.ts';

/** The usual limit of a path, its ending NUL included. */
const PATH_MAX = 4096;
/** Room for the destination's folder and `.longhaul-incoming/<job>/tree`, or the final name, before the path of an entry. */
const PREFIX = 768;

/**
 * Tries at the destination what it makes of the seal's names, in a folder that is deleted again. A seal with plain names only,
 * no two of which differ in case alone, costs nothing.
 * @throws SourceNameError naming what it cannot hold, or what would become one there
 */
export async function checkNames(host: RemoteHost, seal: SealListing): Promise<void> {
  refuse(seal, seal.entries.map(({ path }) => path).filter((path) => PREFIX + path.length >= PATH_MAX), 'unsupported');
  const samples = nameSamples(seal);
  const mayCollide = nameCollisions(seal, { letterCase: 'ignored', unicodeForm: 'ignored' }).length > 0;
  const hasLinks = seal.entries.some(({ type }) => type === 'symlink');
  if (samples.length === 0 && !mayCollide && !hasLinks) return;
  const { folding, links, held } = await tryOut(host, samples);
  const refused = new Set<RawPath>(samples.filter((_, index) => !held.has(index)));
  refuse(seal, seal.entries.filter(({ path, type }) => refused.has(rawBase(path)) || (type === 'symlink' && links === 'refused')).map(({ path }) => path), 'unsupported');
  refuse(seal, nameCollisions(seal, folding), 'collision');
}

interface Trial {
  readonly folding: NameFolding;
  readonly links: 'kept' | 'refused';
  /** Which samples came back as they were. */
  readonly held: ReadonlySet<number>;
}

async function tryOut(host: RemoteHost, samples: readonly RawPath[]): Promise<Trial> {
  const [, letter, form, links, ...found] = await host.call({
    doing: 'checking names',
    scripts: [NAMES_SCRIPT],
    values: { nonce: newNonce(), composed: 'form-\u00e9', decomposed: 'form-e\u0301' },
    // A folder each: names that fold into one must not hide that the other was mangled.
    input: Buffer.from(samples.map((name, index) => `${String(index)}/${name}\0`).join(''), 'latin1'),
  });
  const names = new Set(found);
  return {
    folding: { letterCase: letter === 'kept' ? 'kept' : 'ignored', unicodeForm: form === 'kept' ? 'kept' : 'ignored' },
    links: links === 'kept' ? 'kept' : 'refused',
    held: new Set(samples.flatMap((name, index) => (names.has(`./${String(index)}/${name}`) ? [index] : []))),
  };
}

function refuse(seal: SealListing, paths: readonly RawPath[], problem: 'unsupported' | 'collision'): void {
  if (paths.length > 0) throw new SourceNameError(displayPath(seal.source.root), [...new Set(paths)].map(displayPath), { problem });
}
