import type { SessionName } from './session-name.ts';

/** Which kind of backend keeps a session alive. */
export type BackendKind = 'tmux' | 'container';

/** One environment variable of a job. The value may hold any byte but NUL; it never reaches an argv, a log or an error. */
export interface EnvEntry {
  readonly name: string;
  readonly value: string;
}

/** A directory (or file) that the job produces, and where it goes when the run ends (design §6). */
export interface OutputSpec {
  /** Absolute, or relative to `workingDir`. */
  readonly path: string;
  /** Names of destinations. */
  readonly to: readonly string[];
  /** Template of the final name; default `{session}/{run}/{name}` (design §5.2). */
  readonly as?: string;
  /** What of a directory goes there, by patterns as in a `.gitignore`; absent: everything. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** How a job is asked to end (design §4.5). */
export interface StopPolicy {
  /** `force` starts at KILL. */
  readonly how: 'graceful' | 'force';
  /** Signal name without or with SIG; default INT under tmux, the image's stop signal in a container. */
  readonly signal?: string;
  /** Milliseconds between the signal and KILL; default 10 000. */
  readonly timeoutMs?: number;
  /** Who asks; recorded in stop.json. Default: user@host. */
  readonly requestedBy?: string;
}

/** Which program runs containers (design §4.4). */
export type ContainerRuntime = 'podman' | 'docker';

/** A folder or file of this machine (or a named volume) that a container sees. */
export interface VolumeMount {
  /** Absolute path on this machine, or the name of a volume of the engine. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly mode: 'rw' | 'ro';
}

/** A port of the container that this machine answers on. */
export interface PortMapping {
  /** Address of this machine; 127.0.0.1 where nobody says. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
}

/** What a container needs beside the rest of a spec (design §4.4). The working directory of the spec is the caller's; `workingDir` here is the container's. */
export interface ContainerSpec {
  readonly image: string;
  /** null: podman where it is there, else docker. */
  readonly runtime: ContainerRuntime | null;
  /** Whether an image that is not on this machine is fetched. */
  readonly pull: 'missing' | 'always' | 'never';
  readonly volumes: readonly VolumeMount[];
  readonly ports: readonly PortMapping[];
  /** Path in the container where a folder of this run's own directory is mounted, for programs that write log files of their own; null for none. */
  readonly logVolume: string | null;
  /** Directory in the container; null for the image's. */
  readonly workingDir: string | null;
  /** A terminal: merges stdout and stderr. */
  readonly terminal: 'yes' | 'no';
  /** An init process that reaps; `auto` where the engine has one. */
  readonly init: 'auto' | 'no';
  /** Bytes; null for no limit. */
  readonly memoryBytes: number | null;
  /** Processors, also in parts; null for no limit. */
  readonly cpus: number | null;
  /** Name of the engine's network; null for its default. */
  readonly network: string | null;
  /** Variables for the container: what the request says, never the caller's whole environment. Their values are in `env` of the spec. */
  readonly envNames: readonly string[];
}

/** When a job that ended by itself is started again (design §4.6). Each attempt is a run of its own; a stop ends the loop. */
export interface RestartPolicy {
  readonly mode: 'no' | 'on-failure' | 'always';
  /** Restarts in a row before it gives up; null for no end. A run that lived for `resetMs` begins a new row. */
  readonly maxRestarts: number | null;
  /** Milliseconds before the first restart; doubled for each that follows in a row. */
  readonly delayMs: number;
  readonly maxDelayMs: number;
  readonly resetMs: number;
}

/** When a running job counts as ready (design §4.6). */
export type ReadyCheck =
  | { readonly kind: 'log'; readonly pattern: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** What becomes of a log that grows (design §4.6). */
export interface LogLimit {
  /** Bytes on disk; more, and the oldest output is dropped, which readers are told. null: no limit. */
  readonly maxBytes: number | null;
}

/** The definition of a session, checked and complete: everything the launcher needs, nothing left to defaults of a server. */
export interface SessionSpec {
  readonly name: SessionName;
  readonly backend: BackendKind;
  /** argv; run without a shell. A `command:` string of a config arrives as `['sh', '-c', string]`. */
  readonly command: readonly string[];
  /** Absolute. The caller's, not the tmux server's. */
  readonly workingDir: string;
  /** The whole environment of the job, the caller's captured at start plus what the spec sets. */
  readonly env: readonly EnvEntry[];
  /** Names whose values are secret: recorded by name only. */
  readonly secretEnv: readonly string[];
  /** The caller's umask, e.g. 0o022. */
  readonly umask: number;
  /** Size of the first terminal, in cells. */
  readonly terminal: { readonly columns: number; readonly rows: number };
  readonly outputs: readonly OutputSpec[];
  readonly stop: { readonly signal?: string; readonly timeoutMs?: number };
  /** argv run by the launcher, detached, after exit.json is published; null where nothing needs it. The run id is appended. */
  readonly onExit: readonly string[] | null;
  /** null under tmux. */
  readonly container: ContainerSpec | null;
  readonly restart: RestartPolicy;
  /** null: ready as soon as it runs. */
  readonly ready: ReadyCheck | null;
  /** No limit where it is not given. */
  readonly log?: LogLimit;
}

/** Never started again. */
export const NO_RESTART: RestartPolicy = { mode: 'no', maxRestarts: null, delayMs: 1000, maxDelayMs: 300_000, resetMs: 60_000 };
