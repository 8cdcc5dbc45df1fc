import type { TransportErrorKind } from '@longhaul/errors';
import type { ProbeReport } from '@longhaul/sync-transports';
import type { DestinationBlock, DueProbe, ProbeOutcome } from '../destination-status.ts';
import type { Random } from '../retry-policy.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Waits before the first, second, … probe of a blocked destination; the last one holds for all beyond. Milliseconds. */
export interface ProbeSchedule {
  readonly network: readonly number[];
  /** Logins that are refused too often lock a person out. */
  readonly operator: readonly number[];
  readonly noSpace: readonly number[];
  readonly jitter: number;
}

export const DEFAULT_PROBE_SCHEDULE: ProbeSchedule = {
  network: [10 * SECOND, 20 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE],
  operator: [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE],
  noSpace: [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE],
  jitter: 0.2,
};

const OPERATOR_KINDS: readonly (TransportErrorKind | null)[] = ['auth', 'host_key', 'permission', 'config'];

/** Whether a person must act before the destination can be of use again. */
export function needsOperator(kind: TransportErrorKind | null): boolean {
  return OPERATOR_KINDS.includes(kind);
}

interface Blocked {
  readonly reason: DestinationBlock['reason'];
  readonly errorKind: TransportErrorKind | null;
  /** Blocks in a row without a completed push. */
  readonly strikes: number;
  readonly failedProbes: number;
}

/** How long until the next probe: longer with each that failed, and with each block that a push did not end. */
export function probeDelay({ reason, errorKind, strikes, failedProbes }: Blocked, random: Random, schedule: ProbeSchedule): number {
  const waits = reason === 'no_space' ? schedule.noSpace : needsOperator(errorKind) ? schedule.operator : schedule.network;
  const wait = waits[Math.min(strikes + failedProbes, waits.length - 1)] ?? 0;
  return Math.round(wait * (1 - schedule.jitter + 2 * schedule.jitter * random()));
}

/** What a probe of a blocked destination means. */
export function judgeProbe(probe: DueProbe, report: ProbeReport, next: (errorKind: TransportErrorKind | null) => number): ProbeOutcome {
  const { reachable, errorKind, evidence, hint, freeBytes, tools } = report;
  const record = { reachable, errorKind, evidence, hint, freeBytes, tools };
  if (!isOfUse(report)) return { report: record, verdict: { kind: 'stay', detail: unreachable(report), probeInMs: next(errorKind) } };
  const missing = probe.reason === 'no_space' ? missingBytes(probe.neededBytes, freeBytes) : 0;
  if (missing === 0 && !isFull(report)) return { report: record, verdict: { kind: 'release' } };
  return { report: record, verdict: { kind: 'stay', detail: `the destination is full: ${freeBytes ?? 0} bytes free, ${probe.neededBytes ?? 1} needed`, probeInMs: next(errorKind) } };
}

/** The test write itself met a full disk: it answers, and is of no use all the same. */
export function isFull({ errorKind }: Pick<ProbeReport, 'errorKind'>): boolean {
  return errorKind === 'no_space';
}

/** Whether a push may go there, but for want of space: a folder that may not be written to, or a missing program, answers as well. */
function isOfUse(report: Pick<ProbeReport, 'reachable' | 'errorKind'>): boolean {
  return isFull(report) || (report.reachable && report.errorKind === null);
}

/** Whether the destination as a whole is the matter, not only the job that has failed so: it does not answer, or has the same to say. */
export function isDown(report: Pick<ProbeReport, 'reachable' | 'errorKind'> | null, failure: TransportErrorKind | null): boolean {
  if (report === null || isFull(report)) return false;
  return !report.reachable || (needsOperator(failure) && !isOfUse(report));
}

/** Where nobody tells what is free, only a push can find out. */
function missingBytes(needed: number | null, free: number | null): number {
  return needed === null || free === null ? 0 : Math.max(0, needed - free);
}

/** For people: why a destination is not used. */
export function unreachable({ reachable, errorKind, evidence }: Pick<ProbeReport, 'reachable' | 'errorKind' | 'evidence'>): string {
  const stands = reachable ? 'cannot be used' : errorKind === 'host_key' ? 'shows a host key that is not trusted' : errorKind === 'auth' ? 'refuses the login' : 'does not answer';
  return `the destination ${stands}${errorKind === null ? '' : ` (${errorKind})`}${evidence === null ? '' : `: ${evidence}`}`;
}
