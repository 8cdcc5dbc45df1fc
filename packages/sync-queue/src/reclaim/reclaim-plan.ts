import { isLonghaulError } from '@longhaul/errors';
import type { RawPath, Seal, SealedFile, SealSource } from '@longhaul/sync-transports';
import type { Blocker } from './blocker.ts';
import type { ReclaimDecision, ProvenPlace } from './decide-reclaim.ts';
import { decideReclaim, provenPlaces } from './decide-reclaim.ts';
import type { HeldSource, SourceLook } from './files/source-files.ts';
import type { Neighbours } from './neighbours.ts';
import { neighboursOf } from './neighbours.ts';
import { insideDestinations, resultsAmong } from './results-among.ts';
import { SourceBlocked } from './files/source-files.ts';
import type { ReaperEnv } from './reaper-ports.ts';
import type { DestinationRule, ReclaimPolicy } from './reclaim-policy.ts';
import type { ReclaimAsker, ReclaimFacts, ReclaimLease } from './reclaim-store.ts';

/** What is asked of a reaper. */
export interface ReclaimAsk {
  readonly sourceId: string;
  readonly askedBy: ReclaimAsker;
  /** Destinations that a person leaves out by name. */
  readonly without?: readonly string[];
  readonly signal?: AbortSignal;
}

/** What would be freed on whose word, and what stands in the way. Nothing was changed to find out. */
export interface ReclaimPlan {
  readonly sourceId: string;
  /** Display form. */
  readonly source: string;
  readonly sealDigest: string | null;
  /** Files that would be deleted; empty where the records forbid it already. */
  readonly files: readonly SealedFile[];
  /** Sum of their sizes. Hard links count once each. */
  readonly bytes: number;
  /** Stay: not sealed. */
  readonly extra: readonly RawPath[];
  /** Sealed, and gone already. */
  readonly gone: number;
  readonly places: ReclaimDecision['places'];
  /** Empty: it may go, if the last check of every destination holds. */
  readonly blockers: readonly Blocker[];
  readonly facts: ReclaimFacts;
}

/** Everything that is known of a source before it is taken in hand. */
export interface Prepared {
  readonly facts: ReclaimFacts;
  readonly decision: ReclaimDecision;
  /** By which it was decided. */
  readonly policy: ReclaimPolicy;
  readonly places: readonly ProvenPlace[];
  readonly blockers: readonly Blocker[];
  /** null where the records forbid it, or it cannot be held. */
  readonly hand: { readonly seal: Seal; readonly source: HeldSource; readonly look: SourceLook; readonly near: Neighbours } | null;
}

export interface PrepareOptions extends ReclaimAsk {
  readonly resuming: ReclaimLease | null;
}

/** Asks the records first: what they forbid costs no look at a disk. The held source, if any, is the caller's to dispose of. null: no such source. */
export async function prepare(env: ReaperEnv, options: PrepareOptions): Promise<Prepared | null> {
  const { reclaim: policy } = env;
  const facts = await env.store.reclaimFacts(options.sourceId);
  if (facts === null) return null;
  const rules = await rulesFor(env, facts);
  const { without = [], askedBy, resuming } = options;
  const decision = decideReclaim({ facts, policy, rules, askedBy, without, resuming });
  const base = { facts, decision, policy, places: provenPlaces(decision) };
  const blockers = [...decision.blockers, ...(await overlaps(env, decision, facts))];
  if (blockers.length > 0 || decision.content === null) return { ...base, blockers, hand: null };
  const taken = await takeInHand(env, { ...base, options, sealId: decision.content.sealId, sealDigest: decision.content.sealDigest });
  return { ...base, ...taken };
}

export async function rulesFor(env: ReaperEnv, facts: ReclaimFacts): Promise<ReadonlyMap<string, DestinationRule>> {
  const rules = new Map<string, DestinationRule>();
  for (const { destination } of facts.places) rules.set(destination, await env.rules(destination));
  return rules;
}

async function overlaps(env: ReaperEnv, decision: ReclaimDecision, { sourceId }: ReclaimFacts): Promise<readonly Blocker[]> {
  if (decision.blockers.length > 0) return [];
  return (await env.store.reclaimOverlaps(sourceId)).map((other) => ({ kind: 'overlap', ...other }));
}

interface Taking extends Pick<Prepared, 'facts' | 'places'> {
  readonly options: PrepareOptions;
  readonly sealId: string;
  readonly sealDigest: string;
}

async function takeInHand(env: ReaperEnv, taking: Taking): Promise<Pick<Prepared, 'blockers' | 'hand'>> {
  const { places, options, sealId, sealDigest } = taking;
  const busy = await busySource(env, places);
  if (busy !== null) return { blockers: [busy], hand: null };
  const seal = await sealOf(env, sealId);
  if (seal?.digest !== sealDigest) return { blockers: [{ kind: 'seal_lost', sealId }], hand: null };
  const near = await neighboursOf(env, { sourceId: options.sourceId, seal, without: options.without ?? [] });
  if (near.blockers.length > 0) return { blockers: near.blockers, hand: null };
  let source: HeldSource | null = null;
  try {
    source = await env.files.open(seal);
    const room = await roomLeft(env, { source, options });
    const look = room === null ? await source.look({ signal: options.signal }) : null;
    if (look !== null) return { blockers: [...lookBlockers(env, { look, source: seal.source }), ...(await insideDestinations(env, seal.source))], hand: { seal, source, look, near } };
    await source[Symbol.asyncDispose]();
    return { blockers: room === null ? [] : [room], hand: null };
  } catch (error) {
    await source?.[Symbol.asyncDispose]();
    if (error instanceof SourceBlocked) return { blockers: [error.blocker], hand: null };
    throw error;
  }
}

async function busySource(env: ReaperEnv, places: readonly ProvenPlace[]): Promise<Blocker | null> {
  for (const { job } of places) {
    const detail = (await env.sourceBusy?.(job)) ?? null;
    if (detail !== null) return { kind: 'source_busy', detail };
  }
  return null;
}

export async function sealOf(env: ReaperEnv, sealId: string): Promise<Seal | null> {
  try {
    return await env.seals.get(sealId);
  } catch (error) {
    // Damaged: as good as lost.
    if (isLonghaulError(error, 'QUEUE_STORE')) return null;
    throw error;
  }
}

/** Only what the reaper begins by itself waits for the disk to fill up; what was begun is ended. */
async function roomLeft({ reclaim }: ReaperEnv, { source, options }: { readonly source: HeldSource; readonly options: PrepareOptions }): Promise<Blocker | null> {
  if (reclaim.diskFreeBelow === null || options.askedBy === 'person' || options.resuming !== null) return null;
  const freeBytes = await source.freeBytes();
  return freeBytes < reclaim.diskFreeBelow ? null : { kind: 'disk_has_room', freeBytes, below: reclaim.diskFreeBelow };
}

export function lookBlockers({ hostId }: Pick<ReaperEnv, 'hostId'>, { look, source }: { readonly look: SourceLook; readonly source: SealSource }): readonly Blocker[] {
  const { changed, unreadable, receipts } = look;
  const blockers: Blocker[] = [...resultsAmong(receipts, { hostId, source })];
  if (changed.length > 0) blockers.push({ kind: 'changed', paths: changed });
  const [first] = unreadable;
  if (first !== undefined) blockers.push({ kind: 'unreadable', paths: unreadable.map(({ path }) => path), detail: first.code });
  return blockers;
}

export function planOf({ facts, decision, blockers, hand }: Prepared): ReclaimPlan {
  const files = hand?.look.present ?? [];
  return {
    sourceId: facts.sourceId,
    source: facts.sourcePath,
    sealDigest: decision.content?.sealDigest ?? null,
    files,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    extra: hand?.look.extra ?? [],
    gone: hand?.look.gone.length ?? 0,
    places: decision.places,
    blockers,
    facts,
  };
}
