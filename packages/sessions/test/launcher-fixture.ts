import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { tempDir, waitFor } from '@longhaul/testbed';
import { onTestFinished } from 'vitest';

import type { LaunchOptions, RunDirectory, RunRecords, SessionSpec } from '../src/index.ts';
import { launcherArgv, newRunId, NO_RESTART, parseSessionName, RunStore, stopRun, writeLaunchFiles } from '../src/index.ts';

/** A run that is launched without any backend: the launcher stands by itself, its job gets a terminal from script all the same. */
export interface Launched {
  readonly run: RunDirectory;
  readonly runs: RunStore;
  readonly work: string;
  readonly records: () => Promise<RunRecords>;
  readonly exit: () => Promise<NonNullable<RunRecords['exit']>>;
  readonly log: () => string;
}

/** What differs from the ordinary; `prepared` is called between the writing of the files and the launch. */
export interface LaunchTest {
  readonly command: readonly string[];
  readonly spec?: Partial<SessionSpec>;
  readonly options?: LaunchOptions;
  readonly prepared?: (run: RunDirectory) => void;
  /** Default: a folder of its own. */
  readonly stateDir?: string;
}

export async function launch({ command, spec: more = {}, options = {}, prepared, stateDir }: LaunchTest): Promise<Launched> {
  const dir = await tempDir('lh-launch-');
  const runs = new RunStore({ stateDir: stateDir ?? dir.join('state'), writeLaunchFiles: async (spec, run) => writeLaunchFiles(spec, run, options) });
  mkdirSync(dir.join('work'));
  const spec: SessionSpec = {
    name: parseSessionName('train'),
    backend: 'tmux',
    command,
    workingDir: dir.join('work'),
    env: [{ name: 'PATH', value: process.env['PATH'] ?? '' }],
    secretEnv: [],
    umask: 0o022,
    terminal: { columns: 80, rows: 24 },
    outputs: [],
    stop: {},
    onExit: null,
    container: null,
    restart: NO_RESTART,
    ready: null,
    ...more,
  };
  const run = await runs.prepare(spec, await runs.claim(spec.name, newRunId(), { backend: 'tmux' }));
  prepared?.(run);
  const [program = '', ...args] = launcherArgv(run, options);
  const child = spawn(program, args, { detached: true, stdio: 'ignore', env: { PATH: process.env['PATH'] } });
  child.unref();
  onTestFinished(async () => {
    await stopRun(run, { how: 'force' }).catch(() => undefined);
    await dir[Symbol.asyncDispose]();
  });
  return {
    run,
    runs,
    work: dir.join('work'),
    records: async () => runs.records(run),
    exit: async () => waitFor(async () => (await runs.records(run)).exit, { deadline: 60_000, interval: 5, what: 'exit.json' }),
    log: () => readFileSync(join(run.path, 'output.log'), 'utf8').replace(/^Script started on [^\n]*\n/, '').replace(/\nScript done on [^\n]*\n$/, ''),
  };
}

/** The text of a file of a run, once it is there. */
export async function textOf(path: string): Promise<string> {
  return waitFor(() => (existsSync(path) ? readFileSync(path, 'utf8') : null), { what: path });
}

/** A program of one line for sh. */
export function sh(script: string, ...args: readonly string[]): readonly string[] {
  return ['sh', '-c', script, 'sh', ...args];
}
