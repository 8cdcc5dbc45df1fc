import { isSameTime } from '../protocol/same-time.ts';
import type { RawPath } from '../raw-path.ts';
import { rawParent } from '../raw-path.ts';
import type { Seal, SealEntry, SealedFile } from '../seal.ts';
import type { EntryDraft, FileDraft } from '../sealing/entry-draft.ts';

/** Entries of a tree at the destination, by path. */
export type Staged = ReadonlyMap<RawPath, EntryDraft>;

/** What the seal wants, what staging holds, and what lies under the final name. */
export interface PlanInput {
  readonly seal: Seal;
  readonly staged: Staged;
  /** The earlier generation of the same source; empty where there is none. */
  readonly inPlace: Staged;
  /** Files to copy whatever their size and time say. */
  readonly repeat: ReadonlySet<RawPath>;
}

/** What a push has to do. Pure data, made from stat lists alone. */
export interface PushPlan {
  /** Things of another type that stand in the way. */
  readonly removals: readonly RawPath[];
  readonly folders: readonly RawPath[];
  readonly copies: readonly SealedFile[];
  /** Further names of files of this seal. */
  readonly links: readonly { readonly file: SealedFile; readonly to: RawPath }[];
  /** Files that the result in place holds unchanged. */
  readonly reuses: readonly SealedFile[];
  readonly symlinks: readonly Extract<SealEntry, { type: 'symlink' }>[];
  /** Whose mode or time is to be set at the end, deepest first. */
  readonly attributes: readonly Exclude<SealEntry, { type: 'symlink' }>[];
  /** Files that are there already. */
  readonly complete: readonly SealedFile[];
}

type Draft<Part> = { -readonly [Key in keyof Part]: Part[Key] extends readonly (infer Item)[] ? Item[] : Part[Key] };

export function planPush(input: PlanInput): PushPlan {
  const plan: Draft<PushPlan> = { removals: [], folders: [], copies: [], links: [], reuses: [], symlinks: [], attributes: [], complete: [] };
  const leaders = new Map<string, SealedFile>();
  const copied = new Set<SealedFile>();
  const repeated = repeatedInodes(input);
  for (const entry of input.seal.entries) {
    const there = input.staged.get(entry.path);
    if (there !== undefined && there.type !== entry.type) plan.removals.push(entry.path);
    switch (entry.type) {
      case 'dir':
        plan.folders.push(entry.path);
        plan.attributes.push(entry);
        break;
      case 'symlink':
        if (there?.type !== 'symlink' || there.target !== entry.target) plan.symlinks.push(entry);
        break;
      case 'file':
        planFile(plan, input, { entry, leaders, copied, repeated });
    }
  }
  plan.attributes.reverse();
  return plan;
}

interface FilePlan {
  readonly entry: SealedFile;
  /** The first name of each inode that has several. */
  readonly leaders: Map<string, SealedFile>;
  readonly copied: Set<SealedFile>;
  readonly repeated: ReadonlySet<string>;
}

function planFile(plan: Draft<PushPlan>, { staged, inPlace, repeat }: PlanInput, { entry, leaders, copied, repeated }: FilePlan): void {
  const key = inodeKey(entry);
  const leader = key === null ? undefined : leaders.get(key);
  if (leader !== undefined) {
    const [there, leading] = [staged.get(entry.path), staged.get(leader.path)];
    const joined = there?.type === 'file' && leading?.type === 'file' && there.ino === leading.ino;
    if (joined && !copied.has(leader)) plan.complete.push(entry);
    else plan.links.push({ file: entry, to: leader.path });
    return;
  }
  if (key !== null) leaders.set(key, entry);
  const again = repeat.has(entry.path) || (key !== null && repeated.has(key));
  const there = staged.get(entry.path);
  if (!again && there?.type === 'file' && isComplete(there, entry)) {
    plan.complete.push(entry);
    if (there.mode !== entry.mode) plan.attributes.push(entry);
  } else if (!again && isReusable(inPlace.get(entry.path), entry)) plan.reuses.push(entry);
  else {
    plan.copies.push(entry);
    copied.add(entry);
  }
}

/** Inodes of which any name is to be sent again: their content is one. */
function repeatedInodes({ seal, repeat }: PlanInput): ReadonlySet<string> {
  if (repeat.size === 0) return new Set();
  const keys = seal.entries.map((entry) => (entry.type === 'file' && repeat.has(entry.path) ? inodeKey(entry) : null));
  return new Set(keys.filter((key) => key !== null));
}

function inodeKey({ nlink, dev, ino }: SealedFile): string | null {
  return nlink > 1 ? `${dev}:${ino}` : null;
}

/** Whole since an earlier attempt: files get their name and time only when they are. The hash of the destination has the last word. */
function isComplete(there: FileDraft, sealed: SealedFile): boolean {
  return there.size === sealed.size && isSameTime(there.mtimeNs, sealed.mtimeNs);
}

/** One more name for it is safe only where nothing else shares it and nothing about it would have to change. */
function isReusable(inPlace: EntryDraft | undefined, sealed: SealedFile): boolean {
  return inPlace?.type === 'file' && inPlace.nlink === 1 && sealed.nlink === 1 && inPlace.mode === sealed.mode && isComplete(inPlace, sealed);
}

/** The parents of what is to be removed or made, so that they can be made writable first. */
export function parentFolders(paths: readonly RawPath[]): readonly RawPath[] {
  return [...new Set(paths.map(rawParent))].filter((parent) => parent !== '');
}
