import { SourceNameError, TransportError, TransportErrorKind } from '@longhaul/errors';
import { symlink } from 'node:fs/promises';
import { INCOMING, passingPath } from '../protocol/layout.ts';
import type { NameFolding } from '../protocol/name-collisions.ts';
import { nameCollisions } from '../protocol/name-collisions.ts';
import { nameSamples } from '../protocol/name-samples.ts';
import { newScrapMark } from '../protocol/scraps.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw, rawPathFromText } from '../raw-path.ts';
import type { Seal } from '../seal.ts';
import { absolutePath, errnoOf } from '../worker/raw-fs.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { DestinationFolder } from './destination-folder.ts';

/** The kernel's limit of a path, its ending NUL included. */
const PATH_MAX = 4096;
/** Room for `.longhaul-incoming/<job>/tree`, or the final name, before the path of an entry. */
const PREFIX = 512;
/** What a file system says about a name that it cannot hold; anything else is no matter of names. */
const NAME_REFUSALS: readonly string[] = ['EINVAL', 'EILSEQ', 'ENAMETOOLONG', 'EPERM', 'ENOENT', 'ENOTSUP'];

/**
 * Tries at the destination what it makes of the seal's names, in a folder of its own that is deleted again.
 * @throws SourceNameError naming what it cannot hold, or what would become one there
 */
export async function checkLocalNames({ folder, pool }: { readonly folder: DestinationFolder; readonly pool: WorkerPool }, seal: Seal): Promise<void> {
  const place = passingPath('names', newScrapMark());
  await folder.makeFolder(INCOMING);
  await folder.makeFolder(place);
  try {
    const trial = new NameTrial(folder, place);
    const unsupported = [...tooLong(folder, seal), ...(await trial.refused(seal)), ...(await trial.refusedSymlinks(seal))];
    const folding = await trial.folding();
    // Taken away meanwhile, by whoever thought that nobody uses it: then nothing was tried.
    if ((await folder.entry(place)) === null) throw new TransportError('the folder for trying names out was taken away', { errorKind: TransportErrorKind.UNKNOWN });
    refuse(seal, unsupported, 'unsupported');
    refuse(seal, nameCollisions(seal, folding), 'collision');
  } finally {
    await pool.run({ kind: 'remove', paths: [folder.absolute(place)] });
  }
}

class NameTrial {
  readonly #folder: DestinationFolder;
  readonly #place: RawPath;

  constructor(folder: DestinationFolder, place: RawPath) {
    this.#folder = folder;
    this.#place = place;
  }

  /** Paths whose name cannot be made, or comes back as another one. */
  async refused(seal: Seal): Promise<readonly RawPath[]> {
    const samples = nameSamples(seal);
    const refused = new Set<string>();
    const held = new Set<string>();
    for (const [index, name] of samples.entries()) {
      // A folder each: names that fold into one must not hide that the other was mangled.
      const room = joinRaw(this.#place, String(index) as RawPath);
      await this.#folder.makeFolder(room);
      if (await this.#make(joinRaw(room, name))) for (const found of (await this.#folder.names(room)) ?? []) held.add(found);
      if (!held.has(name)) refused.add(name);
    }
    return refused.size === 0 ? [] : seal.entries.map(({ path }) => path).filter((path) => refused.has(path.slice(path.lastIndexOf('/') + 1)));
  }

  async refusedSymlinks(seal: Seal): Promise<readonly RawPath[]> {
    const links = seal.entries.filter(({ type }) => type === 'symlink').map(({ path }) => path);
    if (links.length === 0) return [];
    try {
      await symlink('nowhere', absolutePath(this.#folder.root, joinRaw(this.#place, 'link' as RawPath)));
      return [];
    } catch (error) {
      if (NAME_REFUSALS.includes(errnoOf(error))) return links;
      throw error;
    }
  }

  async folding(): Promise<NameFolding> {
    const meets = async (made: string, sought: string): Promise<boolean> => {
      await this.#make(joinRaw(this.#place, rawPathFromText(made)));
      return (await this.#folder.entry(joinRaw(this.#place, rawPathFromText(sought)))) !== null;
    };
    return {
      letterCase: (await meets('Letter-Case', 'lETTER-cASE')) ? 'ignored' : 'kept',
      unicodeForm: (await meets('form-\u00e9', 'form-e\u0301')) ? 'ignored' : 'kept',
    };
  }

  async #make(path: RawPath): Promise<boolean> {
    try {
      await this.#folder.makeEmptyFile(path);
      return true;
    } catch (error) {
      if (NAME_REFUSALS.includes(errnoOf(error))) return false;
      throw error;
    }
  }
}

function tooLong({ root }: DestinationFolder, { entries }: Seal): readonly RawPath[] {
  return entries.map(({ path }) => path).filter((path) => root.length + PREFIX + path.length >= PATH_MAX);
}

function refuse(seal: Seal, paths: readonly RawPath[], problem: 'unsupported' | 'collision'): void {
  if (paths.length > 0) throw new SourceNameError(displayPath(seal.source.root), [...new Set(paths)].map(displayPath), { problem });
}
