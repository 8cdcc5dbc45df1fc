import type { BackendKind, ContainerRuntime, ContainerSpec, EnvEntry, OutputSpec, ReadyCheck, SessionSpec } from '../session-spec.ts';

/** What a user asks for; everything that is not said is taken from the caller. */
export interface StartRequest {
  readonly name: string;
  /** Default: the first backend of the manager. */
  readonly backend?: BackendKind | undefined;
  /** argv, run without a shell. Empty only for a container whose image brings its own. */
  readonly command: readonly string[];
  /** Absolute, or relative to the caller's directory. Default: that one. */
  readonly workingDir?: string | undefined;
  /** Variables to set. null takes the caller's value and treats it as a secret (`-e KEY`). */
  readonly env?: Readonly<Record<string, string | null>> | undefined;
  /** A file of KEY=VALUE lines ({@link parseEnvFile}); its values are secrets. `env` goes before it. */
  readonly envFile?: string | undefined;
  /** More names whose values are secrets. */
  readonly secretEnv?: readonly string[] | undefined;
  readonly outputs?: readonly OutputSpec[] | undefined;
  /** Cells of the first terminal. Default: the caller's, else 80 by 24. */
  readonly terminal?: { readonly columns: number; readonly rows: number } | undefined;
  readonly onExit?: readonly string[] | null | undefined;
  readonly stop?: { readonly signal?: string; readonly timeoutMs?: number } | undefined;
  /** Bytes on disk that the log may take; the oldest output goes first. Default: no limit. At least {@link MIN_LOG_BYTES}. */
  readonly logMaxBytes?: number | null | undefined;
  /** Only for a container. */
  readonly container?: ContainerRequest | undefined;
  /** Default: never started again. */
  readonly restart?: RestartRequest | undefined;
  readonly ready?: ReadyCheck | undefined;
}

/** What a container is to be, as people write it. */
export interface ContainerRequest {
  readonly image?: string | undefined;
  readonly runtime?: ContainerRuntime | undefined;
  readonly pull?: ContainerSpec['pull'] | undefined;
  /** `HOST:CONTAINER[:ro]`; a relative HOST is taken from the caller's directory. */
  readonly volumes?: readonly string[] | undefined;
  /** `[IP:]HOST:CONTAINER[/udp]`. */
  readonly ports?: readonly string[] | undefined;
  /** `512m`, `2g`. */
  readonly memory?: string | undefined;
  /** `2`, `0.5`. */
  readonly cpus?: string | undefined;
  readonly terminal?: ContainerSpec['terminal'] | undefined;
  readonly init?: ContainerSpec['init'] | undefined;
  readonly network?: string | undefined;
  /** Path in the container. */
  readonly logVolume?: string | undefined;
  /** Path in the container. */
  readonly workingDir?: string | undefined;
}

/** When a job is to be started again, as people write it. */
export interface RestartRequest {
  /** `no`, `always`, `on-failure` or `on-failure:MAX`. */
  readonly when: string;
  /** Milliseconds. */
  readonly delayMs?: number | undefined;
  readonly maxDelayMs?: number | undefined;
  readonly resetMs?: number | undefined;
}

/** Less would drop what was printed a moment ago. */
export const MIN_LOG_BYTES = 1_000_000;

/** What the caller's process is like. */
export interface Caller {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly umask: number;
  /** Of its terminal, where it has one. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Something the user should know, and that does not stand in the way. */
export interface SpecWarning {
  /** `name-left-out`: sh cannot carry it. `not-utf-8`: Node gives such values and arguments with U+FFFD in place of their bytes. */
  readonly kind: 'name-left-out' | 'not-utf-8';
  readonly message: string;
}

/** A spec that is complete, and what was noticed on the way. */
export interface BuiltSpec {
  readonly spec: SessionSpec;
  readonly warnings: readonly SpecWarning[];
}

/** A job's environment, and what was noticed on the way. */
export interface BuiltEnvironment {
  readonly env: readonly EnvEntry[];
  readonly secretEnv: readonly string[];
  readonly warnings: readonly SpecWarning[];
}
