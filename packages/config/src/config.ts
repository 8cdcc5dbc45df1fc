import type { BandwidthWindow } from './bandwidth.ts';

/** A configuration as programs use it: paths absolute, durations in milliseconds, bandwidth in bytes per second (design §7). */
export interface Config {
  readonly sessions: ReadonlyMap<string, SessionSettings>;
  readonly destinations: ReadonlyMap<string, DestinationSettings>;
  /** Of the project's file first, then the user's. */
  readonly watch: readonly WatchSettings[];
  readonly tmux: TmuxSettings;
  readonly attach: AttachSettings;
  readonly stop: StopSettings;
  readonly retention: RetentionSettings;
  readonly worker: WorkerSettings;
  readonly history: HistorySettings;
  readonly audit: AuditSettings;
  readonly reclaim: ReclaimSettings;
}

/** A session of the file: what `longhaul start NAME` takes where the command line says nothing. */
export interface SessionSettings {
  readonly backend: 'tmux' | 'container' | null;
  /** argv; a `command:` that is one text arrives as `['sh', '-c', text]`. Empty where an image brings its own. */
  readonly command: readonly string[];
  /** Absolute. Not given in a project's file: that file's folder; not given in the user's file: null, the caller's. */
  readonly workingDir: string | null;
  readonly env: ReadonlyMap<string, string>;
  /** Absolute. */
  readonly envFile: string | null;
  /** Names of variables that are taken from the caller, their values recorded nowhere. */
  readonly passEnv: readonly string[];
  readonly outputs: readonly OutputSettings[];
  readonly stop: StopSettings;
  readonly restart: RestartSettings | null;
  readonly ready: ReadySettings | null;
  /** Bytes on disk that the log of a run may take; null: no limit. */
  readonly maxLogBytes: number | null;
  /** What only a container uses; nothing is set where nothing was written. */
  readonly container: ContainerSettings;
}

/** When a job is started again (design §4.6); null: the default. */
export interface RestartSettings {
  /** `no`, `always`, `on-failure` or `on-failure:MAX`. */
  readonly when: string;
  readonly delayMs: number | null;
  readonly maxDelayMs: number | null;
  readonly resetMs: number | null;
}

/** When a running job counts as ready. */
export type ReadySettings =
  | { readonly kind: 'log'; readonly pattern: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** A container as it is written; null: the default. */
export interface ContainerSettings {
  readonly image: string | null;
  readonly runtime: 'podman' | 'docker' | null;
  readonly pull: 'missing' | 'always' | 'never' | null;
  /** `HOST:CONTAINER[:ro]`, paths of this machine absolute. */
  readonly volumes: readonly string[];
  readonly ports: readonly string[];
  readonly workingDir: string | null;
  readonly logVolume: string | null;
  readonly memory: string | null;
  readonly cpus: string | null;
  readonly network: string | null;
  readonly tty: boolean | null;
  readonly init: boolean | null;
}

/** A directory or file that a session produces. */
export interface OutputSettings {
  /** As written: relative to the session's working directory. `~` is expanded. */
  readonly path: string;
  readonly to: readonly string[];
  readonly as: string | null;
  /** Patterns as in a `.gitignore`: only what matches is sent; empty: everything. */
  readonly include: readonly string[];
  /** What is not sent all the same. */
  readonly exclude: readonly string[];
}

/** A folder whose subfolders are sent, each when it has been left alone for a while (design §6). */
export interface WatchSettings {
  /** Absolute. */
  readonly path: string;
  /** How long a subfolder must stay as it is. Milliseconds. */
  readonly settleMs: number;
  /** Name of a file in a subfolder without which it is not sent; null: none is asked for. */
  readonly sentinel: string | null;
  readonly to: readonly string[];
  readonly as: string | null;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

interface DestinationCommon {
  /** Absent: as `reclaim` says. */
  readonly reclaim?: DestinationReclaim;
  /** Bytes per second; null: no limit. */
  readonly bandwidth: number | null;
  /** Parts of the week with another limit; the first that fits counts. */
  readonly bandwidthWindows: readonly BandwidthWindow[];
  /** Jobs at the same time, all workers counted; null: the default of the queue. */
  readonly concurrency: number | null;
  /** Template of the final name; null: the default of the source (design §5.2). */
  readonly as: string | null;
}

/** A mounted disk. */
export interface LocalDestination extends DestinationCommon {
  readonly type: 'local';
  /** Absolute. */
  readonly path: string;
  /** Absolute. Nothing is looked for or written at `path` while nothing is mounted there; absent: not asked for. */
  readonly mountPoint?: string;
}

/** A host reached by ssh. What is null is ssh's own default. */
export interface RsyncSshDestination extends DestinationCommon {
  readonly type: 'rsync_ssh';
  /** `user@host`, or a Host of the ssh configuration. */
  readonly target: string;
  /** On that host; relative to the login's home where it does not begin with a slash. */
  readonly path: string;
  readonly port: number | null;
  readonly sshKey: string | null;
  readonly knownHosts: string | null;
  readonly sshConfig: string | null;
}

/** A remote of rclone's own configuration. */
export interface RcloneDestination extends DestinationCommon {
  readonly type: 'rclone';
  /** `remote:path`. */
  readonly remote: string;
  /** How it proves what it holds: by a hash of its own, by reading every byte back, by sizes alone; `auto`: the strongest it can. */
  readonly verify: 'auto' | 'hash' | 'download' | 'size';
  /** Absolute; null: rclone's own default. */
  readonly configFile: string | null;
  /** Files at the same time; null: rclone's own default. */
  readonly transfers: number | null;
}

export type DestinationSettings = LocalDestination | RsyncSshDestination | RcloneDestination;

export interface TmuxSettings {
  /** Name of the tmux socket (`-L`), or an absolute path (`-S`). */
  readonly socket: string;
}

export interface AttachSettings {
  /** Whether Ctrl-C is asked about before it reaches a job, where its terminal can ask. */
  readonly protect: boolean;
}

/** How jobs are asked to end; null: the backend's own default (design §4.5). */
export interface StopSettings {
  readonly signal: string | null;
  readonly timeoutMs: number | null;
}

/** Which finished runs are dropped, with log and record; null: no limit of that kind. */
export interface RetentionSettings {
  readonly maxRuns: number | null;
  readonly maxAgeMs: number | null;
  readonly maxBytes: number | null;
}

export interface WorkerSettings {
  /** Transfers at the same time, over all destinations. */
  readonly concurrency: number;
  /** A transfer that moves nothing for so long is ended and tried again; null: the default of the queue. */
  readonly stallMs: number | null;
}

/** How long the queue remembers finished jobs; null: for ever. */
export interface HistorySettings {
  /** After this the single steps of a finished job go; how it began and ended and its proofs stay. */
  readonly detailsMs: number | null;
  /** After this a job goes that proves nothing any more. */
  readonly jobsMs: number | null;
}

/** The rolling audit: results at destinations are read again, the one proven longest ago first (design §5.6). */
export interface AuditSettings {
  readonly enabled: boolean;
  /** How old a proof may become. */
  readonly everyMs: number;
  /** What may be begun within 24 hours, over all destinations; null: no limit. */
  readonly maxFilesPerDay: number | null;
  readonly maxBytesPerDay: number | null;
}

/** Design §5.6. */
export interface ReclaimSettings {
  readonly enabled: boolean;
  /** Whether workers and the server look for themselves; otherwise only a person deletes, by `longhaul sync reclaim`. */
  readonly automatic: boolean;
  readonly minVerifyPasses: number;
  readonly minAgeMs: number;
  /** Whether `.longhaul/` with manifest, receipts and proofs stays where the files were. */
  readonly keepMetadata: boolean;
  /** Workers begin only while the source's disk has less free than this, in bytes; null: whenever they may. */
  readonly diskFreeBelow: number | null;
}

/** What a destination asks for before its word allows a deletion; null: as `reclaim` says. */
export interface DestinationReclaim {
  /** false: what is meant for this destination is never deleted. */
  readonly allow: boolean;
  readonly minVerifyPasses: number | null;
  readonly minAgeMs: number | null;
}

/** Where a value came from, strongest first. */
export type OriginKind = 'flag' | 'env' | 'project' | 'user' | 'default';

/** Where one value came from. */
export interface Origin {
  readonly kind: OriginKind;
  /** The flag, the variable, or the file. null for defaults. */
  readonly name: string | null;
  readonly line: number | null;
  readonly column: number | null;
}
