import type { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ProbeReport } from '@longhaul/sync-transports';
import type { DestinationBlock } from '../destination-status.ts';
import type { Failure } from '../failure.ts';
import type { AgainOutcome, FailedOutcome } from '../outcome.ts';
import { decideRetry } from '../retry-policy.ts';
import type { RetryDecision } from '../retry-policy.ts';
import type { JobRun } from './job-run.ts';
import { isDown, needsOperator, probeDelay, unreachable } from './probe-policy.ts';

type Answer = AgainOutcome | FailedOutcome;

/** Kinds after which the destination itself is asked, by a connection of its own, before anything is charged (design §5.4). */
const PROBED: readonly (TransportErrorKind | null)[] = ['network', 'throttled', 'unknown', 'no_space', 'auth', 'host_key', 'permission', 'config'];

/** What becomes of the job: the retry policy, and the breaker of its destination before it. */
export async function answerFailure(run: JobRun, reported: Failure): Promise<Answer> {
  const failure = await refine(run, reported);
  const probe = await probeAfter(run, failure);
  const decision = decide(run, failure, probe);
  const block = await blockFor(run, { failure, probe, decision });
  return outcomeOf(run, { failure, decision, ...(block === null ? {} : { block }) });
}

/** It waits, with all that go there, until what was proven there is found again; nothing is charged. */
export async function heldByPlace(run: JobRun, { message, hint }: TransportError): Promise<Answer> {
  const status = await run.env.store.destination(run.job.destination);
  const probeInMs = probeDelay({ reason: 'breaker', errorKind: 'config', strikes: status?.strikes ?? 0, failedProbes: 0 }, run.env.random, run.env.policy.probes);
  const failure: Failure = { kind: 'config', message, evidence: message, hint, retryAfterMs: null, origin: 'destination' };
  const block = { reason: 'breaker', detail: message, errorKind: 'config', probeInMs, neededBytes: null } as const;
  return { kind: 'again', to: run.stateToGoBackTo, delayMs: 0, hold: null, charge: 'nothing', failure, evidence: message, progress: run.progress.latest, block, reason: `${message} Waits for it, no attempt charged` };
}

/** A name that does not resolve is the network's fault where it ever did, and a mistake in the settings where it never did. */
async function refine(run: JobRun, failure: Failure): Promise<Failure> {
  if (failure.kind !== 'network' || !/could not resolve host|name or service not known|no such host/i.test(failure.evidence ?? '')) return failure;
  const status = await run.env.store.destination(run.job.destination);
  if (status?.everWorked === true) return failure;
  return { ...failure, kind: 'config', hint: failure.hint ?? `Is the name of the host right? It never answered: longhaul sync destinations` };
}

async function probeAfter(run: JobRun, { kind, origin }: Failure): Promise<ProbeReport | null> {
  if (origin !== 'destination' || run.destination === null || !PROBED.includes(kind)) return null;
  try {
    return await run.destination.transport.probe({ signal: run.held.signal });
  } catch (error) {
    // It says nothing then: the failure itself is what we know.
    run.env.events.emit({ type: 'problem', error, jobId: run.job.id });
    return null;
  }
}

function decide(run: JobRun, { kind, retryAfterMs }: Failure, probe: ProbeReport | null): RetryDecision {
  const { job, env } = run;
  return decideRetry(
    {
      kind,
      attempts: job.attempts,
      reseals: job.reseals,
      repeats: repeatsOf(run, kind),
      retryAfterMs,
      destination: isDown(probe, kind) ? 'down' : 'answers',
      sealBytes: run.seal?.totals.bytes ?? null,
      diskBytes: probe?.totalBytes ?? null,
    },
    env.random,
    env.policy.retry,
  );
}

function repeatsOf({ job, claimed }: JobRun, kind: TransportErrorKind | null): number {
  if (kind === 'hash_mismatch') return job.mismatches;
  // In a row: the last failure of this job was of the same kind.
  return job.errorKind === kind ? claimed.blindRepeats : 0;
}

interface Situation {
  readonly failure: Failure;
  readonly probe: ProbeReport | null;
  readonly decision: RetryDecision;
}

/** A destination that is down or full is blocked for all its jobs; one that only refused this job is not. */
async function blockFor(run: JobRun, { failure, probe, decision }: Situation): Promise<DestinationBlock | null> {
  const full = decision.action === 'waitForDestination' && decision.reason === 'no_space';
  const down = probe !== null && isDown(probe, failure.kind);
  if (!full && !down) return null;
  const reason = full && !down ? 'no_space' : 'breaker';
  const errorKind = reason === 'no_space' ? 'no_space' : (probe?.errorKind ?? failure.kind);
  const status = await run.env.store.destination(run.job.destination);
  const probeInMs = probeDelay({ reason, errorKind, strikes: status?.strikes ?? 0, failedProbes: 0 }, run.env.random, run.env.policy.probes);
  const detail = down ? unreachable(probe) : `the destination is full: ${failure.message}`;
  return { reason, detail, errorKind, probeInMs, neededBytes: reason === 'no_space' ? neededBytes(run) : null };
}

/** What is still to be sent. Unknown before the seal: one byte will do. */
function neededBytes({ seal, progress }: JobRun): number {
  return Math.max(1, (seal?.totals.bytes ?? 0) - (progress.latest?.bytesDone ?? 0));
}

interface Decided {
  readonly failure: Failure;
  readonly decision: RetryDecision;
  readonly block?: DestinationBlock;
}

function outcomeOf(run: JobRun, { failure, decision, ...block }: Decided): Answer {
  const told = { failure, evidence: failure.evidence, progress: run.progress.latest, ...block };
  const charge = decision.charged ? 'attempt' : 'nothing';
  const again = { kind: 'again', to: run.stateToGoBackTo, delayMs: 0, hold: null, charge, ...told } as const;
  switch (decision.action) {
    case 'retryNow':
      return failure.kind === 'hash_mismatch'
        ? { ...again, to: 'QUEUED', counts: 'mismatch', reason: `${text(failure)}: the files are sent once more` }
        : { ...again, counts: 'blind', reason: `${text(failure)}: tried once more at once` };
    case 'retryAfter':
      return { ...again, delayMs: decision.delayMs, hold: 'backoff', holdDetail: failure.message, reason: `${text(failure)}: attempt ${run.job.attempts + 1} of ${run.env.policy.retry.maxAttempts}` };
    case 'waitForDestination':
      return { ...again, reason: `${text(failure)}: waits for the destination, no attempt charged` };
    case 'requeue':
      return { ...again, counts: 'blind', ...pauseOf(decision.delayMs, failure), reason: `${text(failure)}: no attempt charged` };
    case 'reseal':
      return { ...again, to: 'QUEUED', counts: 'reseal', delayMs: decision.delayMs, hold: 'source_changed', holdDetail: failure.message, reason: `${text(failure)}: sealed again when it is quiet` };
    case 'fail':
      return { kind: 'failed', charge, reason: WHY[decision.why](failure), whenDestinationAnswers: refusedThere(failure) ? 'requeue' : 'stay', ...told };
  }
}

function pauseOf(delayMs: number, { message }: Failure): Pick<AgainOutcome, 'delayMs' | 'hold' | 'holdDetail'> {
  return delayMs === 0 ? { delayMs, hold: null } : { delayMs, hold: 'backoff', holdDetail: message };
}

const WHY: Readonly<Record<Extract<RetryDecision, { action: 'fail' }>['why'], (failure: Failure) => string>> = {
  kind: (failure) => text(failure),
  attempts: (failure) => `${text(failure)}: that was the last attempt`,
  repeats: (failure) => `${text(failure)}, also when it was repeated`,
  seals: (failure) => `${text(failure)}: it never stayed as it was sealed`,
  larger_than_disk: (failure) => `${text(failure)}: what is to be sent is larger than the whole disk`,
};

function refusedThere({ kind, origin }: Failure): boolean {
  return origin === 'destination' && needsOperator(kind);
}

function text({ kind }: Failure): string {
  return kind ?? 'a program is missing';
}
