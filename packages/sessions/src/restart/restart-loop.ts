import { comparePlaces } from '../process-place.ts';
import type { RunReading } from '../run-reader.ts';
import type { LoopEnding, RunId, RunRecords } from '../run-record.ts';
import type { RunEnd, RunVerdict } from '../run-verdict.ts';
import { hasEnded, isElsewhere } from '../run-verdict.ts';
import type { World } from '../world.ts';
import type { RestartDecision } from './restart-decision.ts';
import { decideRestart } from './restart-decision.ts';

/** What comes after a run (design §4.6). */
export type RestartLoop =
  /** It goes on, or nothing was ever to follow. */
  | { readonly kind: 'none' }
  /** Its launcher is about to start the next attempt. `at`: ISO 8601; null while it has not said. */
  | { readonly kind: 'waiting'; readonly attempt: number; readonly at: string | null; readonly problem: string | null }
  | { readonly kind: 'followed'; readonly by: RunId }
  | { readonly kind: 'over'; readonly why: LoopEnding; readonly stoppedBy: RunEnd['stoppedBy'] };

/**
 * What follows a run, from its records alone. Pure: `world` says whether the launcher that is to start the next attempt still lives.
 * Where it does not, and had not said that the loop is over, the restart is lost.
 */
export function judgeLoop({ spec, records }: Pick<RunReading, 'spec' | 'records'>, verdict: RunVerdict, world: World): RestartLoop {
  if (spec === null || spec.restart.mode === 'no' || !hasEnded(verdict)) return { kind: 'none' };
  if (records.next !== null) return { kind: 'followed', by: records.next };
  if (records.loopEnd !== null) return { kind: 'over', why: records.loopEnd.why, stoppedBy: records.loopEnd.stoppedBy };
  const decision = decideRestart(spec.restart, { attempt: spec.attempt, restarts: spec.restarts, reason: verdict.reason, exitCode: verdict.exitCode, livedMs: livedMs(records, verdict) });
  if (decision.kind !== 'again') return over(decision, verdict);
  // A stop of a loop that nobody was left to end is what ended it.
  if (!mayComeBack(records, world)) return { kind: 'over', why: whyOver(records), stoppedBy: null };
  const { restart } = records;
  if (restart === null) return { kind: 'waiting', attempt: spec.attempt + 1, at: null, problem: null };
  const since = Date.parse(restart.since);
  return { kind: 'waiting', attempt: restart.attempt, at: Number.isNaN(since) ? null : new Date(since + restart.delayMs).toISOString(), problem: restart.problem };
}

function whyOver({ stop, abandoned }: RunRecords): LoopEnding {
  if (stop !== null) return 'stopped';
  return abandoned === null ? 'lost' : 'superseded';
}

function over({ kind }: Exclude<RestartDecision, { kind: 'again' }>, { stoppedBy }: RunEnd): RestartLoop {
  return { kind: 'over', why: kind, stoppedBy };
}

function livedMs({ start }: RunRecords, { endedAt }: RunEnd): number | null {
  const lived = start === null || endedAt === null ? Number.NaN : Date.parse(endedAt) - Date.parse(start.startedAt);
  return Number.isNaN(lived) ? null : lived;
}

/** Whether the launcher lives that is to start the next attempt. What cannot be looked at may: a name that is taken by mistake harms less than two of a job. */
function mayComeBack(records: RunRecords, world: World): boolean {
  const { restart, keeper, launcher, start } = records;
  const known = restart ?? keeper;
  // Before one of several launchers has said that it goes on, any of them may. Whoever takes up a loop says first that it is the launcher now.
  const candidates = known === null ? [launcher, start === null ? null : { pid: start.launcherPid, processStartTime: start.launcherStartTime, bootId: start.bootId }] : [known, launcher];
  return candidates.some((candidate) => {
    if (candidate === null) return false;
    // Whoever gave the name up gave up what may come back there, too: it will find the name taken.
    if (isElsewhere({ ...candidate, host: records.starter?.host ?? null }, world)) return records.abandoned === null;
    if (comparePlaces(candidate.bootId, world.bootId) === 'other boot') return false;
    return world.liveness(candidate.pid, candidate.processStartTime) !== 'dead';
  });
}
