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
}
