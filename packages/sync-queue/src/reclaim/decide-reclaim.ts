import type { Job } from '../job.ts';
import { separateOccasions } from '../verify/occasions.ts';
import type { Blocker } from './blocker.ts';
import type { DestinationRule, ReclaimPolicy } from './reclaim-policy.ts';
import type { ReclaimAsker, ReclaimFacts, ReclaimLease, ReclaimPlace } from './reclaim-store.ts';

/** A destination whose word allows the deletion, with its proofs. */
export interface ProvenPlace extends ReclaimPlace {
  readonly job: Job;
  /** When it was proven, each on an occasion of its own. Milliseconds since 1970. */
  readonly occasions: readonly number[];
}

/** What is asked for. */
export interface ReclaimQuestion {
  readonly facts: ReclaimFacts;
  readonly policy: ReclaimPolicy;
  /** By destination. */
  readonly rules: ReadonlyMap<string, DestinationRule>;
  readonly askedBy: ReclaimAsker;
  /** Destinations that a person leaves out by name: what was enqueued for them there need not be there. */
  readonly without: readonly string[];
  /** The reclaim that is gone on with, where it is one. */
  readonly resuming: ReclaimLease | null;
}

/** What the queue's own records say. All that follows (the source, the destinations as they are now) can only forbid. */
export interface ReclaimDecision {
  /** The content that is to be freed; null: nothing of this source is verified. */
  readonly content: { readonly sealId: string; readonly sealDigest: string } | null;
  /** Every destination that counts; those that forbid are among them. */
  readonly places: readonly (ReclaimPlace | ProvenPlace)[];
  /** Empty: the records allow it. */
  readonly blockers: readonly Blocker[];
}

/**
 * Whether a source may be freed, by the records alone (design §5.6). Pure.
 *
 * "Every destination the source was meant for" is every destination it was ever enqueued for since it was last freed, as the queue
 * remembers it: a destination that is taken out of the configuration, a job that was cancelled or pruned, a failed push all forbid. Only a
 * person can leave a destination out, by name, each time. At each destination the newest job counts, and it must have proven the very
 * content that the newest verified job has.
 */
export function decideReclaim(question: ReclaimQuestion): ReclaimDecision {
  const { facts, without } = question;
  const places = facts.places.filter(({ destination }) => !without.includes(destination));
  const content = contentOf(places);
  const general = generalBlockers(question);
  if (content === null) return { content, places, blockers: [...general, { kind: 'nothing_verified' }, ...places.flatMap((place) => notThere(place))] };
  const judged = places.map((place) => judgePlace(place, { question, digest: content.sealDigest }));
  return { content, places: judged.map(({ place }) => place), blockers: [...general, ...judged.flatMap(({ blockers }) => blockers)] };
}

/** The newest content that was verified anywhere. */
function contentOf(places: readonly ReclaimPlace[]): ReclaimDecision['content'] {
  const settled = places.flatMap(({ job }) => (job !== null && isSettled(job) && job.sealId !== null && job.sealDigest !== null ? [{ ...job, sealId: job.sealId, sealDigest: job.sealDigest }] : []));
  const newest = settled.reduce<(typeof settled)[number] | null>((best, job) => (best === null || (job.verifiedAt ?? '') > (best.verifiedAt ?? '') ? job : best), null);
  return newest === null ? null : { sealId: newest.sealId, sealDigest: newest.sealDigest };
}

function isSettled({ state }: Job): boolean {
  return state === 'VERIFIED' || state === 'CLEANUP_ELIGIBLE';
}

function generalBlockers({ facts, policy, askedBy, resuming, without }: ReclaimQuestion): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (policy.reclaim === 'off') blockers.push({ kind: 'off' });
  else if (policy.when === 'asked' && askedBy === 'reaper') blockers.push({ kind: 'only_asked' });
  if (facts.open !== null && facts.open.lease.reclaimId !== resuming?.reclaimId) blockers.push({ kind: 'in_hand', open: facts.open });
  // The newest of each destination is told where that destination is judged; also what goes to one that is left out needs the files.
  const told = facts.places.filter(({ destination }) => !without.includes(destination)).map(({ job }) => job?.id);
  for (const { id, destination, state } of facts.active) if (!told.includes(id)) blockers.push({ kind: 'on_its_way', jobId: id, destination, state });
  return blockers;
}

interface Judged {
  readonly place: ReclaimPlace | ProvenPlace;
  readonly blockers: readonly Blocker[];
}

function judgePlace(place: ReclaimPlace, { question, digest }: { readonly question: ReclaimQuestion; readonly digest: string }): Judged {
  const { destination, job } = place;
  const standing = placeBlockers(place, question.rules.get(destination) ?? {});
  const absent = notThere(place);
  if (job === null || absent.length > 0) return { place, blockers: [...standing, ...absent] };
  if (job.sealDigest !== digest) return { place, blockers: [...standing, { kind: 'other_content', destination, jobId: job.id }] };
  const occasions = separateOccasions(place.proofs, { sealDigest: digest, apartMs: question.policy.occasionMs }).map(({ at }) => Date.parse(at));
  return { place: { ...place, job, occasions }, blockers: [...standing, ...conditionBlockers(place, job), ...proofBlockers({ ...place, job, occasions }, question)] };
}

/** Not proven to hold anything: nothing there yet, not any more, or nobody knows. */
function notThere({ destination, job }: ReclaimPlace): readonly Blocker[] {
  if (job === null || job.state === 'FAILED' || job.state === 'CANCELLED' || job.state === 'CLEANED') return [{ kind: 'not_there', destination, jobId: job?.id ?? null, state: job?.state ?? null }];
  return isSettled(job) ? [] : [{ kind: 'on_its_way', jobId: job.id, destination, state: job.state }];
}

function placeBlockers({ destination, paused, block }: ReclaimPlace, rule: DestinationRule): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (rule.reclaim === 'never') blockers.push({ kind: 'never_by_rule', destination });
  if (paused) blockers.push({ kind: 'paused', destination });
  if (block !== null) blockers.push({ kind: 'blocked', destination, detail: block.detail, until: block.nextProbeAt });
  return blockers;
}

function conditionBlockers({ destination }: ReclaimPlace, job: Job): readonly Blocker[] {
  if (job.damage !== null) return [{ kind: 'damaged', destination, jobId: job.id, damage: job.damage }];
  return job.provenAt === null ? [{ kind: 'superseded', destination, jobId: job.id }] : [];
}

function proofBlockers({ destination, job, proofs, occasions }: ProvenPlace, { facts, policy, rules }: ReclaimQuestion): readonly Blocker[] {
  const rule = rules.get(destination) ?? {};
  const need = rule.minVerifyPasses ?? policy.minVerifyPasses;
  const completed = occasions[need - 1];
  if (completed === undefined) {
    const weak = proofs.filter(({ strength }) => strength === 'size').length;
    return [{ kind: 'too_few_proofs', destination, jobId: job.id, have: occasions.length, need, weak, close: proofs.length - weak - occasions.length }];
  }
  // From the pass that completed the number, not from the latest: an audit that comes round daily must not put it off for ever.
  const until = completed + (rule.minAgeMs ?? policy.minAgeMs);
  // A clock that was set back makes proofs of the future: they are too young.
  return facts.now < until ? [{ kind: 'too_young', destination, jobId: job.id, since: completed, until }] : [];
}

/** The places of a decision without blockers. */
export function provenPlaces({ places }: ReclaimDecision): readonly ProvenPlace[] {
  return places.filter((place): place is ProvenPlace => 'occasions' in place);
}
