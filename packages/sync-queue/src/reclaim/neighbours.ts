import type { RawPath, Seal, SealEntry, SealSource } from '@longhaul/sync-transports';
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

/**
 * The places of every source that shares files with this one count as if they were its own (design §5.6): each must hold the very files that are to go, proven
 * as often and for as long as its rules ask for. What a person has cancelled there does not count: that is how a source is taken back.
 */
export async function neighboursOf(env: ReaperEnv, { sourceId, seal, without }: { readonly sourceId: string; readonly seal: Seal; readonly without: readonly string[] }): Promise<Neighbours> {
  const all = await env.store.reclaimNeighbours(sourceId);
  const judged = await Promise.all(all.map(async (facts) => judge(env, { facts: withoutCancelled(facts), seal, without })));
  return { places: judged.flatMap(({ places }) => places), blockers: judged.flatMap(({ blockers }) => blockers) };
}

function withoutCancelled(facts: ReclaimFacts): ReclaimFacts {
  return { ...facts, places: facts.places.filter(({ job }) => job?.state !== 'CANCELLED') };
}

interface Judging {
  readonly facts: ReclaimFacts;
  readonly seal: Seal;
  readonly without: readonly string[];
}

async function judge(env: ReaperEnv, { facts, seal, without }: Judging): Promise<Neighbours> {
  const said = (blockers: readonly Blocker[]): readonly Blocker[] => blockers.map((blocker) => ({ kind: 'neighbour', source: facts.sourcePath, blocker }));
  if (facts.places.every(({ destination }) => without.includes(destination))) return { places: [], blockers: [] };
  const decision = decideReclaim({ facts, policy: { ...env.reclaim, reclaim: 'on', when: 'always' }, rules: await rulesFor(env, facts), askedBy: 'person', without, resuming: null });
  if (decision.blockers.length > 0 || decision.content === null) return { places: [], blockers: said(decision.blockers) };
  const places = provenPlaces(decision);
  const { sealId } = decision.content;
  const theirs = await sealOf(env, sealId);
  if (theirs === null) return { places, blockers: said([{ kind: 'seal_lost', sealId }]) };
  return holds(theirs, seal) ? { places, blockers: [] } : { places, blockers: said(places.map(({ destination, job }) => ({ kind: 'other_content', destination, jobId: job.id }))) };
}

/** Whether every file that both sources have was sealed alike: otherwise what is to go was never sent on to the other's destinations. */
function holds(theirs: Seal, ours: Seal): boolean {
  const known = new Map<RawPath, SealEntry>(theirs.entries.map((entry) => [entry.path, entry]));
  const leavesOut = theirs.leftOut !== undefined || theirs.source.filter !== undefined;
  return ours.entries.every((entry) => {
    if (entry.type !== 'file') return true;
    const path = below(theirs.source, ours.source.root === '/' ? `/${entry.path}` : `${ours.source.root}/${entry.path}`);
    if (path === null) return true;
    const same = known.get(path);
    return same === undefined ? leavesOut : same.type === 'file' && same.sha256 === entry.sha256;
  });
}

/** null: it lies outside. */
function below({ kind, root, name }: SealSource, absolute: string): RawPath | null {
  const folder = root === '/' ? '/' : `${root}/`;
  if (!absolute.startsWith(folder)) return null;
  const path = absolute.slice(folder.length) as RawPath;
  return kind === 'directory' || path === name ? path : null;
}
