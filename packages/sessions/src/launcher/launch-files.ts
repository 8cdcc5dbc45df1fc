import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Claim } from '../claim.ts';
import { currentPlace } from '../process-place.ts';
import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import type { SessionSpec } from '../session-spec.ts';
import { parseStopSignal } from '../stop/stop-signal.ts';
import { formatCommandFile, formatOnExitFile } from './command-file.ts';
import { formatEnvFile } from './env-file.ts';
import { LAUNCH_FILES, RESTART_SLOTS, SLOTS } from './launch-file-names.ts';
import type { ScriptForm } from './launch-config.ts';
import { formatLaunchConfig } from './launch-config.ts';
import { formatLimitConfig } from './limit-config.ts';
import { installLauncherScripts, launcherFolder } from './launcher-scripts.ts';
import { formatRestartConfig } from './restart-config.ts';
import { writeWholeFile } from './script-folder.ts';
import { toolPath } from './tool-path.ts';

/** How the launcher runs here; all have a default, found out by looking at the machine. */
export interface LaunchOptions {
  /** Absolute path of a POSIX shell. Default /bin/sh. */
  readonly shell?: string;
  /** Default: util-linux on Linux, bsd elsewhere. */
  readonly scriptForm?: ScriptForm;
  /** The PATH on which the launcher finds its own tools. Default {@link toolPath}. */
  readonly toolPath?: string;
  /** Default: /proc on Linux, ps elsewhere. */
  readonly processTable?: 'proc' | 'ps';
  /** The program that holds all logs of the state directory to their limits (`capLogs`), for runs that have one; without it that is left to callers. */
  readonly holdLogs?: readonly string[] | undefined;
}

const PRIVATE = { mode: 0o600 };

/**
 * Writes everything that the launcher reads into a prepared run directory: the command, the environment (0600), and the
 * preallocated records. After it, `sh <launcher> <run.path>` is all that a backend has to start.
 *
 * @throws SessionConfigError when command, directory or environment cannot be given to sh, or the stop signal cannot be one; Node's own error when the disk is full.
 */
export function writeLaunchFiles(spec: SessionSpec, run: RunDirectory, options: LaunchOptions = {}): Promise<void> {
  return new Promise((resolve) => {
    write(spec, run, options);
    resolve();
  });
}

/** Writes what the restart loop needs beside that (design §4.6); only for a spec with a policy. */
export function writeRestartFiles(spec: SessionSpec, run: RunDirectory, claim: Claim): void {
  for (const [name, bytes] of Object.entries(RESTART_SLOTS)) writeFileSync(join(run.path, name), blank(bytes), PRIVATE);
  writeFileSync(join(run.path, LAUNCH_FILES.restartConfig), formatRestartConfig(spec, claim), PRIVATE);
}

/** Synchronous: ten small files take 0.2 ms of processor time so, and 1.4 ms through promises; a start has 50 ms in all. */
function write(spec: SessionSpec, run: RunDirectory, options: LaunchOptions): void {
  // All checks and texts first: nothing is written for a spec that is refused.
  if (spec.stop.signal !== undefined) parseStopSignal(spec.stop.signal);
  const environment = formatEnvFile(spec.env, run.runId, spec.backend);
  const texts = textsOf(spec, run, options);
  installLauncherScripts(run.stateDir);
  for (const [name, bytes] of Object.entries(SLOTS)) writeFileSync(join(run.path, name), blank(bytes), PRIVATE);
  for (const [name, text] of texts) writeFileSync(join(run.path, name), text, PRIVATE);
  writeWholeFile(run.envFile, environment);
}

/** The argv that a backend starts under its terminal: nothing of the user's is in it but paths below the state directory. */
export function launcherArgv(run: RunDirectory, options: LaunchOptions = {}): readonly string[] {
  return [options.shell ?? DEFAULT_SHELL, join(launcherFolder(run.stateDir), 'launcher.sh'), run.path];
}

/** The argv of what goes on with a restart loop whose launcher was killed, in the same place. */
export function resumeArgv(run: RunDirectory, options: LaunchOptions = {}): readonly string[] {
  return [options.shell ?? DEFAULT_SHELL, join(installLauncherScripts(run.stateDir), 'resume.sh'), run.path];
}

/** The argv of a program beside the job of a run, with its directory and environment (design §4.1, exec). */
export function besideArgv(run: RunDirectory, argv: readonly string[]): readonly string[] {
  return [DEFAULT_SHELL, join(installLauncherScripts(run.stateDir), 'exec.sh'), run.path, ...argv];
}

const DEFAULT_SHELL = '/bin/sh';

function textsOf(spec: SessionSpec, run: RunDirectory, options: LaunchOptions): [string, string][] {
  const config = formatLaunchConfig({
    runId: run.runId,
    envRun: run.runId,
    stateDir: run.stateDir,
    scripts: launcherFolder(run.stateDir),
    shell: options.shell ?? DEFAULT_SHELL,
    form: options.scriptForm ?? scriptFormFor(spec),
    bootId: currentPlace(),
    envFile: run.envFile,
    workingDir: spec.workingDir,
    toolPath: options.toolPath ?? toolPath(),
    hook: spec.onExit === null ? 'no' : 'yes',
    restart: spec.restart.mode === 'no' ? 'no' : 'yes',
    start: join(launcherFolder(run.stateDir), 'launcher.sh'),
    processTable: options.processTable ?? (process.platform === 'linux' ? 'proc' : 'ps'),
  });
  const hook: [string, string][] = spec.onExit === null ? [] : [[LAUNCH_FILES.onExit, formatOnExitFile(spec.onExit, spec, run)]];
  const maxBytes = spec.log?.maxBytes ?? null;
  const limit: [string, string][] = maxBytes === null || options.holdLogs === undefined ? [] : [[LAUNCH_FILES.limitConfig, formatLimitConfig(maxBytes, options.holdLogs)]];
  return [[LAUNCH_FILES.config, config], [RUN_FILES.command, formatCommandFile(spec, run)], ...hook, ...limit];
}

function scriptFormFor({ backend }: SessionSpec): ScriptForm {
  if (backend === 'container') return 'none';
  return process.platform === 'linux' ? 'util-linux' : 'bsd';
}

function blank(bytes: number): string {
  return `${' '.repeat(bytes - 1)}\n`;
}
