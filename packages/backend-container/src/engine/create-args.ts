import type { EnvEntry, RunDirectory, SessionSpec } from '@longhaul/sessions';

import type { EngineProbe } from './probe.ts';

/** Where the files of one creation are. */
export interface CreateFiles {
  /** Written by the engine; must not exist. */
  readonly cidFile: string;
  /** Where {@link CreatePlan.envFileText} is to be written, 0600, before the call. */
  readonly envFile: string;
  /** Where the container's log goes, for drivers that write to a file of ours (podman's k8s-file). */
  readonly logFile: string;
  /** Folder of the run that `logVolume` of the spec shows. */
  readonly logVolumeDir: string;
}

/** Everything that one `create` needs. No value of a variable stands in `args`. */
export interface CreatePlan {
  /** After the program: `create --name … image command…`. */
  readonly args: readonly string[];
  /** Variables that a file can carry, one `NAME=value` per line. */
  readonly envFileText: string;
  /** Variables whose values no file can carry (a newline, a carriage return, no UTF-8, more than 60 KB): `-e NAME` in `args`, the value in the client's environment. */
  readonly clientEnv: readonly EnvEntry[];
}

/** What {@link createPlan} is made from. */
export interface CreateRequest {
  readonly spec: SessionSpec;
  readonly run: RunDirectory;
  /** Name of the container. */
  readonly containerName: string;
  readonly files: CreateFiles;
  readonly engine: EngineProbe;
}

/**
 * The call that makes the container of a run (never `run`, never `--rm`).
 *
 * @throws SessionConfigError for an image, a path or a variable that the engine could not be handed safely
 */
export function createPlan(request: CreateRequest): CreatePlan {
  void request;
  throw new Error('not written yet');
}
