import type { SessionName } from './session-name.ts';

/** A run's id: sortable by time, unique on every machine (26 characters, Crockford base 32, as a ULID). */
export type RunId = string & { readonly __runId: true };

/** One process among all that ever ran on any machine that shares this state directory. */
export interface Starter {
  readonly pid: number;
  readonly startTime: string;
  /** With the PID namespace, see `currentPlace`. */
  readonly bootId: string;
  /** Which machine, as `World.host` tells it: a home directory may lie on a network file system. */
  readonly host: string;
}

/** start.json: the job itself (not its shell, not tmux), written atomically by the launcher once the job's pid is known. */
export interface StartRecord {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat on Linux (clock ticks since boot), `lstart` elsewhere: with `bootId` it makes the pid unique. */
  readonly processStartTime: string;
  readonly bootId: string;
  /** ISO 8601, UTC, milliseconds where the platform's date has them. */
  readonly startedAt: string;
  readonly launcherPid: number;
  readonly launcherStartTime: string;
  /** The parent of the job, which writes job.json; where there is no launcher any more, its word is waited for. Not known of containers. */
  readonly shell?: { readonly pid: number; readonly startTime: string };
}

/** stop.json: the intent, written before any signal; the launcher looks at it before exec too. */
export interface StopRecord {
  readonly requestedAt: string;
  /** Who asked, e.g. `lab@host (longhaul stop)`. */
  readonly requestedBy: string;
  readonly how: 'graceful' | 'force';
  readonly signal: string;
  readonly timeoutMs: number;
}

/** Which step of the stop contract ended the job itself (design §4.5), whatever it left behind. */
export type StopStep = 'signal' | 'kill';

/** Why a run ended. `lost`: the code could not be known. `interrupted`: another boot, no record (design §4.2). */
export type ExitReason = 'exit' | 'signal' | 'stopped' | 'start-failed' | 'lost' | 'interrupted';

/** exit.json: what happened. */
export interface ExitRecord {
  /** The job's own code; 128 + n where a shell reported signal n; null where nobody knows it. */
  readonly exitCode: number | null;
  /** `SIGTERM` …; null where undecidable or none. */
  readonly signal: string | null;
  /** null under tmux. */
  readonly oomKilled: boolean | null;
  readonly endedAt: string;
  readonly reason: ExitReason;
  /** Who asked for the stop, and which step ended it; null where nobody asked. */
  readonly stoppedBy: { readonly who: string; readonly step: StopStep } | null;
}

/** launcher.json: the launcher's first act, before it looks at stop.json; without it nobody can tell a start that is slow from one that died. */
export interface LauncherRecord {
  readonly pid: number;
  /** As in {@link StartRecord}. */
  readonly processStartTime: string;
  readonly bootId: string;
}

/**
 * job.json: what the inner shell, parent of the job, saw; the launcher makes exit.json of it. It counts by itself when the
 * launcher is gone and exit.json was never published.
 */
export type JobRecord = ExitRecord;

/** How the attempt before a run ended: in the spec.json of the run that followed. */
export interface PreviousRun {
  readonly runId: RunId;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly reason: ExitReason | null;
  readonly endedAt: string | null;
}

/** restart.json: when the next attempt comes; by the launcher, before it waits for that (design §4.6). */
export interface RestartRecord {
  /** When the pause began. */
  readonly since: string;
  readonly delayMs: number;
  /** Which attempt comes next. */
  readonly attempt: number;
  /** The launcher that waits. */
  readonly pid: number;
  readonly processStartTime: string;
  readonly bootId: string;
  /** What has kept it from coming before; null as a rule. */
  readonly problem: string | null;
}

/**
 * Why no attempt follows a run under a restart policy. `gave-up`: as many restarts in a row as the policy allows. `not-started`: the
 * first attempt could not be executed. `superseded`: the name was claimed by somebody else. `lost`: the launcher was killed, or the
 * machine went down, before it could start the next one; nobody wrote that down.
 */
export type LoopEnding = 'succeeded' | 'stopped' | 'gave-up' | 'not-started' | 'superseded' | 'lost';

/** loop-end.json: the launcher's last act under a restart policy. */
export interface LoopEndRecord {
  readonly why: Exclude<LoopEnding, 'lost'>;
  readonly at: string;
  readonly stoppedBy: ExitRecord['stoppedBy'];
}

/** abandoned.json: somebody gave the session's name up while nobody could tell from there whether the job lives. Nothing was done to the job. */
export interface AbandonRecord {
  /** ISO 8601. */
  readonly at: string;
  /** Who, e.g. `lab@host`. */
  readonly by: string;
  /** Why its state was not known. */
  readonly reason: string;
}

/** ready.json: the job was ready by the check of its spec; written once, by the first who saw it. */
export interface ReadyRecord {
  /** ISO 8601. */
  readonly at: string;
}

/** A record that is there and cannot be used: torn, not JSON, fields missing, or written by a newer version. */
export interface DamagedRecord {
  /** Name of the file in the run's directory. */
  readonly file: string;
  readonly problem: string;
}

/** One run as its directory tells it. A record that is absent is null: absent is not an error, damaged is. */
export interface RunRecords {
  readonly runId: RunId;
  readonly session: SessionName;
  /** The process that asked for the run; from spec.json, or from the claim where nothing was prepared yet. */
  readonly starter: Starter | null;
  readonly launcher: LauncherRecord | null;
  readonly start: StartRecord | null;
  readonly stop: StopRecord | null;
  readonly job: JobRecord | null;
  readonly exit: ExitRecord | null;
  readonly ready: ReadyRecord | null;
  /** `made`: an engine has, or had, a container for it, which may run whether its launcher lives or not. */
  readonly container: 'made' | null;
  readonly restart: RestartRecord | null;
  /** Of several launchers of a run the one that goes on with the next attempt. */
  readonly keeper: LauncherRecord | null;
  readonly loopEnd: LoopEndRecord | null;
  /** The attempt that followed this run. */
  readonly next: RunId | null;
  readonly abandoned: AbandonRecord | null;
  /** Records that are there and say nothing; they make a state `unknown`, never absent. */
  readonly damaged: readonly DamagedRecord[];
}
