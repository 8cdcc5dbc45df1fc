/** The schema that this version writes, and the newest that it reads. A record without `schemaVersion` is of version 1. */
export const RECORD_SCHEMA_VERSION = 1;

/** Names of the files in a run's directory (design §4.2). */
export const RUN_FILES = {
  /** Symbolic link whose text is the session's name, readable even when spec.json is damaged. It leads nowhere. */
  session: 'session',
  /** What was asked, values of the environment left out. Written by the store before any backend is called. */
  spec: 'spec.json',
  /** The argv, quoted for sh; ends in `exec`. */
  command: 'command.sh',
  /** Everything the job printed, between the first and last line of script(1). */
  log: 'output.log',
  /** script's timing file beside the log; `since` comes from it. Absent on BSD and macOS. */
  timing: 'timing',
  /** The launcher's first act. */
  launcher: 'launcher.json',
  start: 'start.json',
  stop: 'stop.json',
  /** Written by the job's parent; the launcher makes exit.json of it. */
  job: 'job.json',
  exit: 'exit.json',
  /** When the job was first seen to be ready, by whoever waited for that. */
  ready: 'ready.json',
  /** The id of the run's container, by its engine; only where it has one. */
  container: 'cid',
  /** Which launcher goes on after the end. */
  again: 'again',
  /** When the next attempt comes. */
  restart: 'restart.json',
  /** Why none follows. */
  loopEnd: 'loop-end.json',
  /** Symbolic link whose text is the id of the attempt that followed. It leads nowhere. */
  next: 'next',
  /** The session's name was given up, whatever the job does. */
  abandoned: 'abandoned.json',
  /** Empty: the outputs of this run are in the queue (design §6), or it has none that need to be. */
  outputsDone: 'outputs.done',
} as const;

/** Names of the folders in the state directory. */
export const STATE_FOLDERS = {
  sessions: 'sessions',
  runs: 'runs',
  /** Empty markers named by run id, made by the launcher after exit.json (design §4.2, `onExit`). */
  ended: 'ended',
  /** Empty markers named by run id, made by the store before a run with outputs starts; gone when the outputs are in the queue. */
  outputs: 'outputs',
  /** Empty markers named by session, made by the store before a run whose log has a limit starts. There where there is one. */
  limited: 'limited',
} as const;
