/** What an engine says a container is doing. `unknown`: a word that no engine we know says, or none. */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead' | 'removing' | 'unknown';

/** A port of this machine that leads into a container. */
export interface PortBinding {
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
}

/** Something of this machine that a container sees. */
export interface ContainerMount {
  /** Path on this machine; null where the engine names only the volume. */
  readonly source: string | null;
  /** Name of a volume of the engine; null for a bind mount. */
  readonly volume: string | null;
  readonly target: string;
  readonly mode: 'rw' | 'ro';
}

/** One container as one of the engines describes it, in one form (design §4.4). What an engine did not say is null. */
export interface ContainerInfo {
  /** Whole id, 64 hexadecimal digits. */
  readonly id: string;
  /** Without the leading slash of docker's API. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string | null;
  /** What runs as process 1: entrypoint and arguments. */
  readonly command: readonly string[];
  readonly state: ContainerState;
  /** pid of process 1 on this machine; null where it does not run (or runs on another machine). */
  readonly pid: number | null;
  /** Times are ISO 8601 in UTC. */
  readonly createdAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** null before its first end, and where the engine does not say. */
  readonly exitCode: number | null;
  readonly oomKilled: boolean | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty in a list: only `inspect` is asked for them. */
  readonly ports: readonly PortBinding[];
  /** Empty in a list: only `inspect` is asked for them. */
  readonly mounts: readonly ContainerMount[];
  /** Why it could not be started, in the engine's words. */
  readonly error: string | null;
  readonly health: 'starting' | 'healthy' | 'unhealthy' | null;
  /** Whether it has a terminal: its log is then one stream. */
  readonly terminal: 'yes' | 'no' | null;
  readonly workingDir: string | null;
  /** `SIGTERM` for most images. */
  readonly stopSignal: string | null;
  readonly logDriver: string | null;
  /** Where the log driver writes, where it writes to a file. Under docker only root reads it. */
  readonly logPath: string | null;
}
