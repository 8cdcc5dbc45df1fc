/** Names of the files in a run's directory that belong to the launcher alone; README.md of this folder tells their story. */
export const LAUNCH_FILES = {
  /** What the launcher must know, as assignments for sh. */
  config: 'launch.conf',
  /** What the hook after the end executes. Absent where nothing needs it. */
  onExit: 'on-exit.sh',
  onExitLog: 'on-exit.log',
  /** Why the job could not be started, for people. Absent where it could. */
  startError: 'start-error',
  /** Present once the job's own process has begun; created with O_EXCL, so that it begins once. */
  began: 'began',
  /** Four lines: pid and start time of the job, pid and start time of its parent, the inner shell. Blank until there is a job. */
  pids: 'pids',
  /** What script(1) itself had to say, behind blanks. */
  scriptErrors: 'script.err',
  /** What the inner shell said of the job's end: a text only where a signal ended it. */
  shellErrors: 'shell.err',
  /** The `stoppedBy` of exit.json, one line of JSON, renewed before each step of a stop. */
  stopBy: 'stop.by',
  /** What again.sh must know. Only where the job is started again by a policy. */
  restartConfig: 'restart.conf',
  /** Where the log is to be held to a limit, and what does it. */
  limitConfig: 'limit.conf',
  /** Assignments by which a backend adds to what an attempt passes on to the next: see README.md of this folder. */
  backendConfig: 'backend.conf',
  /** While this is there (and not too old), the terminal is kept open for handlers that still run. */
  stopHold: 'stop.hold',
} as const;

/**
 * Preallocated files and their sizes in bytes: blanks, overwritten in place and renamed, so that a full disk loses no record
 * (design §4.2). Blanks, not zeroes: what is left of them behind the JSON is white space.
 */
export const SLOTS: Readonly<Record<string, number>> = {
  'launcher.slot': 512,
  'start.slot': 1024,
  'job.slot': 4096,
  'exit.slot': 4096,
  [LAUNCH_FILES.pids]: 256,
  [LAUNCH_FILES.scriptErrors]: 2048,
  [LAUNCH_FILES.shellErrors]: 1024,
};

/** More of them, where the job is started again by a policy. */
export const RESTART_SLOTS: Readonly<Record<string, number>> = { 'restart.slot': 1024, 'loop-end.slot': 4096 };
