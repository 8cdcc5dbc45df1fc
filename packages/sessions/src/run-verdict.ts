import type { AbandonRecord, DamagedRecord, ExitReason, ExitRecord, RunRecords, Starter } from './run-record.ts';
import { comparePlaces } from './process-place.ts';
import { RUN_FILES } from './run-files.ts';
import type { World } from './world.ts';

/** How a run ended. */
export interface RunEnd {
  /** `stopped`: somebody asked for it. */
  readonly kind: 'stopped' | 'exited';
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly oomKilled: boolean | null;
  /** null where nobody was left to look at a clock. */
  readonly endedAt: string | null;
  readonly reason: ExitReason;
  readonly stoppedBy: ExitRecord['stoppedBy'];
  /** The record that says so. Of job.json exit.json may be made at any moment; null: it is concluded, and a record may still come within moments. */
  readonly recorded: 'exit.json' | 'job.json' | null;
}

/** What the records of a run and the machine's processes say together. */
export type RunVerdict =
  | { readonly kind: 'starting' }
  /** `pid` is null between the end of the job and its exit.json, while the log is drained. */
  | { readonly kind: 'running'; readonly pid: number | null }
  | RunEnd
  | UnknownRun;

/** A run of which nobody can tell from here what it does. */
export interface UnknownRun {
  readonly kind: 'unknown';
  readonly reason: string;
  /** `elsewhere`: its pids are another machine's, or another PID namespace's. `unseen`: it was started here, and cannot be looked at. */
  readonly why: 'elsewhere' | 'damaged' | 'unseen' | 'abandoned';
  /** Whether its name is kept for it. False where only the outcome is unknown and the job has certainly ended, and where somebody gave the name up. */
  readonly mayLive: boolean;
}

/** Whether the run is over. */
export function hasEnded(verdict: RunVerdict): verdict is RunEnd {
  return verdict.kind === 'stopped' || verdict.kind === 'exited';
}

/** Whether the job, or a launcher that is about to start it, may still be there: then its name is taken and its run is kept. */
export function mayLive(verdict: RunVerdict): boolean {
  return verdict.kind === 'unknown' ? verdict.mayLive : !hasEnded(verdict);
}

/**
 * What a run is doing, from its records alone (design §4.2). Pure: `world` says which processes live.
 *
 * `running` needs a process with the recorded pid, start time and boot. Another boot of this machine and no exit.json:
 * `interrupted`. A record that cannot be read makes `unknown`, unless a later one already tells the end.
 */
export function judgeRun(records: RunRecords, world: World): RunVerdict {
  const verdict = judge(records, world);
  // Where its processes can be seen, they are the truth all the same.
  return verdict.kind === 'unknown' && verdict.mayLive && records.abandoned !== null ? givenUp(records.abandoned) : verdict;
}

function givenUp({ at, by, reason }: AbandonRecord): UnknownRun {
  return { kind: 'unknown', reason: `its name was given up by ${by} on ${at}, and nothing was done to its job: ${reason}`, why: 'abandoned', mayLive: false };
}

function judge(records: RunRecords, world: World): RunVerdict {
  if (records.exit !== null) return fromExit(records.exit);
  const exit = damage(records, RUN_FILES.exit);
  // It is published only after the end of the job.
  if (exit !== null) return { kind: 'unknown', reason: exit, why: 'damaged', mayLive: false };
  return records.start === null ? withoutStart(records, world) : withStart(records, records.start, world);
}

function withStart(records: RunRecords, start: NonNullable<RunRecords['start']>, world: World): RunVerdict {
  switch (placeOf(start.bootId, records, world)) {
    case 'elsewhere':
      return elsewhere('on another machine');
    case 'other namespace':
      return elsewhere('in another PID namespace of this machine, a container for example,');
    case 'earlier boot':
      return records.job === null ? concluded('interrupted') : fromExit(records.job, 'job.json');
    case 'here':
  }
  switch (world.liveness(start.pid, start.processStartTime)) {
    case 'alive':
      return { kind: 'running', pid: start.pid };
    case 'unknown':
      return { kind: 'unknown', reason: `process ${start.pid} cannot be looked at`, why: 'unseen', mayLive: true };
    case 'dead':
  }
  if (world.liveness(start.launcherPid, start.launcherStartTime) === 'alive') return { kind: 'running', pid: null };
  if (records.job !== null) return fromExit(records.job, 'job.json');
  // Its first process is of another machine, or had ended before anybody saw it.
  if (start.pid === 0 && records.container !== null) return unsupervised();
  // The job's parent is about to write how it ended.
  if (start.shell !== undefined && world.liveness(start.shell.pid, start.shell.startTime) === 'alive') return { kind: 'running', pid: null };
  return concluded('lost');
}

function withoutStart(records: RunRecords, world: World): RunVerdict {
  const { launcher, starter } = records;
  const first = launcher === null ? starter : { pid: launcher.pid, startTime: launcher.processStartTime, bootId: launcher.bootId };
  const torn = damage(records, RUN_FILES.start) ?? (launcher === null ? damage(records, RUN_FILES.launcher) : null);
  if (first === null) return { kind: 'unknown', reason: torn ?? damage(records, RUN_FILES.spec) ?? 'nothing says who started it', why: 'damaged', mayLive: true };
  switch (placeOf(first.bootId, records, world)) {
    case 'elsewhere':
      return elsewhere('on another machine');
    case 'other namespace':
      return elsewhere('in another PID namespace of this machine, a container for example,');
    case 'earlier boot':
      if (records.job !== null) return fromExit(records.job, 'job.json');
      return concluded(launcher === null && torn === null ? 'start-failed' : 'interrupted');
    case 'here':
  }
  // There was a start.json or a launcher.json and it cannot be read: somebody came up, and cannot be looked for.
  if (torn !== null) return { kind: 'unknown', reason: torn, why: 'damaged', mayLive: true };
  if (world.liveness(first.pid, first.startTime) !== 'dead') return { kind: 'starting' };
  if (records.job !== null) return fromExit(records.job, 'job.json');
  return launcher !== null && records.container !== null ? unsupervised() : concluded('start-failed');
}

/** The engine was told to start it, and whether it did nobody has written down: what a backend takes up, or the name would be given to a second job beside it. */
function unsupervised(): RunVerdict {
  return { kind: 'unknown', reason: 'its launcher was killed: only its engine knows what became of the container', why: 'unseen', mayLive: true };
}

type Place = 'here' | 'other namespace' | 'earlier boot' | 'elsewhere';

function placeOf(bootId: string, records: RunRecords, world: World): Place {
  const relation = comparePlaces(bootId, world.bootId);
  if (relation !== 'other boot') return relation === 'same' ? 'here' : relation;
  // Without a readable spec.json nobody knows which machine it was; the state directory is this machine's as a rule.
  return isElsewhere({ bootId, host: records.starter?.host ?? null }, world) ? 'elsewhere' : 'earlier boot';
}

/** Whether the processes of this boot and namespace cannot be looked at from here, and may live. */
export function isElsewhere({ bootId, host }: Pick<Starter, 'bootId'> & { readonly host: string | null }, world: World): boolean {
  const relation = comparePlaces(bootId, world.bootId);
  return relation === 'other namespace' || (relation === 'other boot' && host !== null && host !== world.host);
}

function elsewhere(where: string): UnknownRun {
  return { kind: 'unknown', reason: `it was started ${where} that shares this state directory`, why: 'elsewhere', mayLive: true };
}

function fromExit(exit: ExitRecord, recorded: RunEnd['recorded'] = 'exit.json'): RunEnd {
  const kind = exit.stoppedBy !== null || exit.reason === 'stopped' ? 'stopped' : 'exited';
  return { kind, ...exit, recorded };
}

function concluded(reason: ExitReason): RunEnd {
  return { ...concludedEnd, reason };
}

/** Which step of a stop ended a run is known to exit.json only. */
const concludedEnd = { kind: 'exited', exitCode: null, signal: null, oomKilled: null, endedAt: null, stoppedBy: null, recorded: null } as const;

function damage({ damaged }: RunRecords, file: string): string | null {
  const found = damaged.find((record: DamagedRecord) => record.file === file);
  return found === undefined ? null : `${found.file} is damaged: ${found.problem}`;
}

/** The end of a run whose starter is known to be dead, and which no launcher has touched. */
export const NEVER_STARTED: RunEnd = concluded('start-failed');
