import { join } from 'node:path';

import type { ContainerRuntime, EnvEntry, RunDirectory } from '@longhaul/sessions';
import { quoteForShell, writeWholeFile } from '@longhaul/sessions';

import type { CreatePlan } from '../engine/index.ts';
import { stateIdOf } from '../engine/index.ts';
import { CONTAINER_RECORD } from '../container-record.ts';
import { containerScriptsFolder, installContainerScripts } from './container-scripts.ts';

/** Files of a run that belong to this launcher alone; README.md of this folder tells their story. */
export const CONTAINER_FILES = {
  config: 'container.conf',
  create: 'create.sh',
  engineEnv: 'engine.env',
  /** Values of the container's variables, one per line: for `--env-file`. 0600. */
  containerEnv: 'container.env',
  /** Values that no such file can carry: for the environment of the client that creates. 0600. */
  clientEnv: 'client.env',
  /** What again.sh of `@longhaul/sessions` must know of us. */
  backend: 'backend.conf',
  cid: 'cid',
  log: 'output.cri',
  /** The folder of the run that `logVolume` shows. */
  logVolume: 'logs',
} as const;

/** How the launcher finds its engine and the log. */
export interface LauncherPlan {
  readonly runtime: ContainerRuntime;
  /** What answers behind the program. */
  readonly server: 'podman' | 'docker';
  /** Absolute path of the engine's client. */
  readonly program: string;
  /** `file`: the engine writes the log into the run's folder; `follow`: somebody has to. */
  readonly log: 'file' | 'follow';
  /** Path of the engine's socket, or `cli` where only its client knows the way; of no use where the engine writes the log. */
  readonly endpoint: string;
  /** Whether its containers are processes of this machine. */
  readonly place: 'local' | 'remote';
  readonly containerName: string;
  readonly terminal: 'yes' | 'no';
  /** The program that is executed, for an error. */
  readonly command: string;
  /** The environment of the engine's client: where its storage, its socket and its configuration are. */
  readonly env: Readonly<Record<string, string>>;
}

/** What of a caller's environment steers an engine's client. The rest is none of its business. */
const STEERING = /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK|REGISTRY_AUTH_FILE|(?:XDG|DOCKER|CONTAINERS?|_CONTAINERS|PODMAN|STORAGE|REGISTRIES|NETAVARK|SSL_CERT)_.*|(?:HTTPS?|NO|ALL|FTP)_PROXY)$/i;

/** Writes what container.sh reads into a prepared run, and makes sure that the scripts are there. @throws SessionConfigError for a text with a NUL */
export function writeContainerFiles(run: RunDirectory, plan: LauncherPlan, create: CreatePlan): void {
  const scripts = installContainerScripts(run.stateDir);
  const texts: readonly (readonly [string, string])[] = [
    [CONTAINER_FILES.config, formatConfig(run, { plan, create, scripts })],
    [CONTAINER_FILES.create, formatCreate(run, plan, create)],
    [CONTAINER_FILES.engineEnv, exportsOf(Object.entries(plan.env).filter(([name]) => STEERING.test(name)).map(([name, value]) => ({ name, value })))],
    [CONTAINER_FILES.containerEnv, create.envFileText],
    ...(create.clientEnv.length === 0 ? [] : [[CONTAINER_FILES.clientEnv, exportsOf(create.clientEnv)] as const]),
    [CONTAINER_FILES.backend, formatBackend(scripts)],
  ];
  for (const [name, text] of texts) writeWholeFile(join(run.path, name), text);
}

/** What starts the launcher of a run. `adopt`: another is gone, and this is its name in `launcher.json`; `nobody`: none came up. */
export function containerLauncherArgs(run: RunDirectory, adopt: { readonly pid: number; readonly startTime: string } | 'nobody' | null = null): readonly string[] {
  const script = join(containerScriptsFolder(run.stateDir), 'container.sh');
  if (adopt === null) return [script, run.path];
  return [script, run.path, 'adopt', ...(adopt === 'nobody' ? ['none', 'none'] : [String(adopt.pid), adopt.startTime])];
}

/** An attempt later than the first has another run: whatever names this one names the variable instead. */
function quoteForRun(text: string, { runId }: RunDirectory): string {
  return quoteForShell(text, 'an argument of the engine').replaceAll(runId, `'"$lh__id"'`);
}

function formatCreate(run: RunDirectory, { runtime, log }: LauncherPlan, { args }: CreatePlan): string {
  const [verb = 'create', ...rest] = args;
  // Only podman writes them; in the run's folder they cost no question.
  const pids = runtime === 'podman' && log === 'file' ? ['--pidfile', join(run.path, 'pid'), '--conmon-pidfile', join(run.path, 'conmon.pid')] : [];
  const words = [verb, ...pids, ...rest].map((word) => quoteForRun(word, run));
  return `# What makes this run's container. Values of its environment are in files.\nmkdir -p ./${CONTAINER_FILES.logVolume}\nexec "$lc_engine" ${words.join(' ')}\n`;
}

function formatConfig(run: RunDirectory, { plan, create, scripts }: { readonly plan: LauncherPlan; readonly create: CreatePlan; readonly scripts: string }): string {
  return assignments({
    lc_engine: plan.program,
    lc_server: plan.server,
    lc_log: plan.log,
    lc_endpoint: plan.endpoint,
    lc_place: plan.place,
    lc_name: plan.containerName,
    lc_terminal: plan.terminal,
    lc_init: create.args.includes('--init') ? 'yes' : 'no',
    lc_limited: create.args.includes('--memory') ? 'yes' : 'no',
    lc_program: plan.command,
    lc_state: stateIdOf(run.stateDir),
    lc_lib: scripts,
    lc_node: process.execPath,
  });
}

function formatBackend(scripts: string): string {
  const { config, create, engineEnv, containerEnv, clientEnv } = CONTAINER_FILES;
  return assignments({
    lh_start: join(scripts, 'container.sh'),
    lh_carry: [config, create, engineEnv, containerEnv, clientEnv, CONTAINER_RECORD].join(' '),
  });
}

function assignments(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => `${name}=${quoteForShell(value, name)}\n`).join('');
}

function exportsOf(entries: readonly EnvEntry[]): string {
  return entries.map(({ name, value }) => `export ${name}=${quoteForShell(value, `the environment variable ${name}`)}\n`).join('');
}
