import { setImmediate } from 'node:timers/promises';
import type { RawPath, Seal, SealEntry } from '@longhaul/sync-transports';
import type { Blocker } from './blocker.ts';
import type { ProvenPlace } from './decide-reclaim.ts';
import { decideReclaim, provenPlaces } from './decide-reclaim.ts';
import type { ReaperEnv } from './reaper-ports.ts';
import { rulesFor, sealOf } from './reclaim-plan.ts';
import type { ReclaimFacts } from './reclaim-store.ts';

/** What the sources around this one, and inside of it, say: what is deleted here is deleted there. */
export interface Neighbours {
  /** Destinations that hold what they share, on whose word it may go, too. */
  readonly places: readonly ProvenPlace[];
  readonly blockers: readonly Blocker[];
}

/** So many are judged before everything else has its turn: leases are renewed then. */
const AT_ONCE = 20;
/** Where so many things stand in the way no more are looked for. */
const ENOUGH = 20;

/**
 * The places of every source that shares files with this one count as if they were its own (design §5.6): each must hold the very files that are to go, proven
 * as often and for as long as its rules ask for. What a person has cancelled there does not count: that is how a source is taken back.
 */
export async function neighboursOf(env: ReaperEnv, { sourceId, seal, without }: { readonly sourceId: string; readonly seal: Seal; readonly without: readonly string[] }): Promise<Neighbours> {
  const ids = await env.store.reclaimNeighbours(sourceId);
  const places: ProvenPlace[] = [];
  const blockers: Blocker[] = [];
  if (ids.length === 0) return { places, blockers };
  const asking = { env: { ...env, rules: remembered(env.rules) }, files: sealedFiles(seal), without };
  for (const [index, id] of ids.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await setImmediate();
    const facts = await env.store.reclaimFacts(id);
    if (facts === null) continue;
    const judged = await judge(withoutCancelled(facts), asking);
    places.push(...judged.places);
    blockers.push(...judged.blockers);
    if (blockers.length >= ENOUGH) break;
  }
  return { places, blockers };
}

/** Each destination is asked for its rules once. */
function remembered(rules: ReaperEnv['rules']): ReaperEnv['rules'] {
  const known = new Map<string, ReturnType<ReaperEnv['rules']>>();
  return async (destination) => {
    const asked = known.get(destination) ?? rules(destination);
    known.set(destination, asked);
    return asked;
  };
}

function withoutCancelled(facts: ReclaimFacts): ReclaimFacts {
  return { ...facts, places: facts.places.filter(({ job }) => job?.state !== 'CANCELLED') };
}

interface Judging {
  readonly env: ReaperEnv;
  readonly files: readonly AbsoluteFile[];
  readonly without: readonly string[];
}

async function judge(facts: ReclaimFacts, { env, files, without }: Judging): Promise<Neighbours> {
  const said = (blockers: readonly Blocker[]): readonly Blocker[] => blockers.map((blocker) => ({ kind: 'neighbour', source: facts.sourcePath, blocker }));
  if (facts.places.every(({ destination }) => without.includes(destination))) return { places: [], blockers: [] };
  const decision = decideReclaim({ facts, policy: { ...env.reclaim, reclaim: 'on', when: 'always' }, rules: await rulesFor(env, facts), askedBy: 'person', without, resuming: null });
  if (decision.blockers.length > 0 || decision.content === null) return { places: [], blockers: said(decision.blockers) };
  const places = provenPlaces(decision);
  const { sealId } = decision.content;
  const theirs = await sealOf(env, sealId);
  if (theirs === null) return { places, blockers: said([{ kind: 'seal_lost', sealId }]) };
  return holds(theirs, files) ? { places, blockers: [] } : { places, blockers: said(places.map(({ destination, job }) => ({ kind: 'other_content', destination, jobId: job.id }))) };
}

/** A sealed file by its whole path. */
interface AbsoluteFile {
  readonly path: string;
  readonly sha256: string;
}

/** In the order of their paths, so that those below a folder lie together. */
function sealedFiles({ source: { root }, entries }: Seal): readonly AbsoluteFile[] {
  const folder = root === '/' ? '/' : `${root}/`;
  const files = entries.flatMap((entry) => (entry.type === 'file' ? [{ path: `${folder}${entry.path}`, sha256: entry.sha256 }] : []));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether every file that both sources have was sealed alike: otherwise what is to go was never sent on to the other's destinations. */
function holds(theirs: Seal, ours: readonly AbsoluteFile[]): boolean {
  const known = new Map<RawPath, SealEntry>(theirs.entries.map((entry) => [entry.path, entry]));
  const leavesOut = theirs.leftOut !== undefined || theirs.source.filter !== undefined;
  const { kind, root, name } = theirs.source;
  const folder = root === '/' ? '/' : `${root}/`;
  for (let index = firstFrom(ours, folder); ours[index]?.path.startsWith(folder) === true; index += 1) {
    const { path: absolute = '', sha256 } = ours[index] ?? {};
    const path = absolute.slice(folder.length) as RawPath;
    if (kind === 'file' && path !== name) continue;
    const same = known.get(path);
    if (same === undefined ? !leavesOut : same.type !== 'file' || same.sha256 !== sha256) return false;
  }
  return true;
}

/** The first whose path does not come before this one. */
function firstFrom(files: readonly AbsoluteFile[], path: string): number {
  let [low, high] = [0, files.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((files[middle]?.path ?? '') < path) low = middle + 1;
    else high = middle;
  }
  return low;
}
