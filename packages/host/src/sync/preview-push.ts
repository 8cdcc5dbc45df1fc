import type { LoadedConfig } from '@longhaul/config';
import { isLonghaulError } from '@longhaul/errors';
import type { EnqueuePlan, SyncQueue } from '@longhaul/sync-queue';
import type { LeftOut, ProbeReport, SealTotals, SourceSurvey, SourceSurveyor, Transport } from '@longhaul/sync-transports';
import { displayPath, judgeInPlace } from '@longhaul/sync-transports';

import type { DestinationRegistry, ResolvedDestination } from '../destinations/destination-registry.ts';
import { placeText } from './destination-list.ts';
import type { PushInput } from './sync-host.ts';
import type { TransportPool } from './transport-pool.ts';
import { refuseUnusable } from './transport-pool.ts';

/** What a push would do. Nothing was changed for it, here or there. */
export interface PushPreview {
  /** Real path, display form. */
  readonly source: string;
  readonly totals: SealTotals;
  /** How much of it need not be read for the seal. */
  readonly hashed: { readonly files: number; readonly bytes: number };
  readonly leftOut: LeftOut | null;
  /** What cannot be sent: `socket run/ctl`. */
  readonly findings: readonly string[];
  /** Names that a destination without letter case or Unicode forms will refuse. */
  readonly mayCollide: readonly string[];
  readonly places: readonly PlacePreview[];
}

/** One destination of it. */
export interface PlacePreview {
  readonly destination: string;
  readonly place: string;
  readonly finalName: string;
  readonly kind: EnqueuePlan['kind'];
  readonly because: EnqueuePlan['because'];
  /** The newest job of the same source and place; null: there was none. */
  readonly jobId: string | null;
  readonly probe: ProbeReport;
  /** What lies under the final name. `same`: this very content; `earlier`: another generation of it; `conflict`: somebody else's; `unknown`: it could not be asked. */
  readonly inPlace: 'nothing' | 'same' | 'earlier' | 'conflict' | 'unknown';
  readonly problems: readonly PreviewProblem[];
}

/** What stands in the way. */
export interface PreviewProblem {
  readonly kind: 'unreachable' | 'conflict' | 'no_space' | 'unusable';
  readonly what: string;
  readonly fix: string | null;
}

export interface PreviewParts {
  readonly config: LoadedConfig;
  readonly destinations: DestinationRegistry;
  readonly transports: TransportPool;
  readonly queue: SyncQueue;
  readonly surveyor: SourceSurveyor;
}

/** Lists the source and looks at each destination. @throws as SyncHost.push does, and SourceChangedError, SourceNameError */
export async function previewPush({ source, to, as, filter = {} }: PushInput, parts: PreviewParts, signal?: AbortSignal): Promise<PushPreview> {
  const resolved = [...new Set(to)].map((name) => parts.destinations.peek(name, parts.config));
  for (const { id, settings } of resolved) refuseUnusable(id, settings);
  const aborting = signal === undefined ? {} : { signal };
  const planned = await Promise.all(resolved.map(async (destination) => {
    const template = as ?? destination.settings.as;
    return { destination, plan: await parts.queue.plan({ source, destination: destination.id, filter, ...(template === null ? {} : { finalNameTemplate: template }) }) };
  }));
  const [first] = planned;
  if (first === undefined) throw new RangeError('a preview needs a destination');
  const survey = await parts.surveyor.survey(first.plan.source, aborting);
  const places = await Promise.all(planned.map(async (place) => await previewPlace(place, { transport: parts.transports.use(place.destination).transport, survey, aborting })));
  return { ...described(survey), places };
}

function described({ source, totals, hashed, leftOut, findings, mayCollide }: SourceSurvey): Omit<PushPreview, 'places'> {
  const root = displayPath(source.root);
  return {
    source: source.kind === 'file' ? `${root === '/' ? '' : root}/${displayPath(source.name)}` : root,
    totals,
    hashed,
    leftOut,
    findings: findings.map(({ kind, path }) => `${kind} ${displayPath(path)}`),
    mayCollide: mayCollide.map((path) => displayPath(path)),
  };
}

interface Planned {
  readonly destination: ResolvedDestination;
  readonly plan: EnqueuePlan;
}

interface Look {
  readonly transport: Transport;
  readonly survey: SourceSurvey;
  readonly aborting: { readonly signal?: AbortSignal };
}

async function previewPlace({ destination, plan }: Planned, { transport, survey, aborting }: Look): Promise<PlacePreview> {
  const probe = await transport.probe({ touch: 'nothing', ...aborting });
  const found = probe.reachable ? await lookInPlace(plan, { transport, survey, aborting }) : { inPlace: 'unknown' as const, problem: null };
  const problems = [probeProblem(probe), found.problem, found.inPlace === 'same' ? null : spaceProblem(survey, probe)];
  return {
    destination: destination.id,
    place: placeText(destination.settings),
    finalName: displayPath(plan.finalName),
    kind: plan.kind,
    because: plan.because,
    jobId: plan.job?.id ?? null,
    probe,
    inPlace: found.inPlace,
    problems: problems.filter((problem) => problem !== null),
  };
}

function probeProblem({ reachable, errorKind, evidence, hint }: ProbeReport): PreviewProblem | null {
  if (reachable && errorKind === null) return null;
  return { kind: reachable ? 'unusable' : 'unreachable', what: evidence ?? 'it gave no reason', fix: hint };
}

function spaceProblem({ totals: { bytes } }: SourceSurvey, { freeBytes }: ProbeReport): PreviewProblem | null {
  if (freeBytes === null || freeBytes >= bytes) return null;
  return { kind: 'no_space', what: `${String(bytes)} bytes are to be sent, and ${String(freeBytes)} are free there`, fix: 'make room there; the job waits until there is some' };
}

async function lookInPlace({ finalName, sourceId }: EnqueuePlan, { transport, survey, aborting }: Look): Promise<{ readonly inPlace: PlacePreview['inPlace']; readonly problem: PreviewProblem | null }> {
  try {
    const found = await transport.readReceipt({ finalName, ...aborting });
    // The queue gives a job the generation after the one that is there.
    const judged = judgeInPlace(found, { sourceId, jobId: '', sealId: '', generation: Number.POSITIVE_INFINITY, staging: 'tree' });
    if (judged.kind !== 'proceed') return { inPlace: 'conflict', problem: { kind: 'conflict', what: 'evidence' in judged ? judged.evidence : 'something is there', fix: 'give it another name: --as' } };
    if (found.kind !== 'receipt') return { inPlace: 'nothing', problem: null };
    return { inPlace: survey.digest !== null && survey.digest === found.receipt.sealDigest ? 'same' : 'earlier', problem: null };
  } catch (error) {
    if (!isLonghaulError(error, 'TRANSPORT')) throw error;
    return { inPlace: 'unknown', problem: { kind: 'unusable', what: error.message, fix: error.hint } };
  }
}
