import { rmSync } from 'node:fs';
import { hostname } from 'node:os';

import type { LaunchOptions, RunDirectory, RunRecords, SessionSpec, SessionStatus } from '@longhaul/sessions';
import { hasEnded, newRunId, NO_RESTART, parseSessionName, readRunLog, RunStore, stopRun, writeLaunchFiles } from '@longhaul/sessions';
import type { PrivateTmux } from '@longhaul/testbed';
import { tempDir, waitFor, withPrivateTmux } from '@longhaul/testbed';
import { onTestFinished } from 'vitest';

import type { TmuxBackendOptions } from '../src/index.ts';
import { TmuxBackend } from '../src/index.ts';

/** A state directory, a tmux of its own and a backend; all gone when the test is over, with whatever still runs. */
export interface TmuxBed extends AsyncDisposable {
  readonly stateDir: string;
  /** An empty folder for what jobs write. */
  readonly work: string;
  readonly runs: RunStore;
  readonly backend: TmuxBackend;
  readonly tmux: PrivateTmux;
  readonly env: Readonly<Record<string, string>>;
  /** Another backend on the same records and socket. */
  another(options?: Partial<TmuxBackendOptions>): TmuxBackend;
  spec(name: string, command: readonly string[], more?: Partial<SessionSpec>): SessionSpec;
  /** Claims, prepares and starts, as the manager does. */
  start(name: string, command: readonly string[], more?: Partial<SessionSpec>): Promise<Started>;
  prepare(spec: SessionSpec): Promise<RunDirectory>;
}

export interface Started {
  readonly run: RunDirectory;
  readonly status: SessionStatus;
}

/** How a bed differs from the ordinary. */
export interface BedOptions {
  readonly stateDir?: string;
  readonly launch?: LaunchOptions;
  readonly backend?: Partial<TmuxBackendOptions>;
}

/** See {@link TmuxBed}; to be disposed. */
export async function makeBed({ stateDir, launch = {}, backend: overrides = {} }: BedOptions = {}): Promise<TmuxBed> {
  const dir = await tempDir('lh-');
  const tmux = await withPrivateTmux('longhaul');
  const state = stateDir ?? dir.join('state');
  const runs = new RunStore({ stateDir: state, writeLaunchFiles: async (spec, run) => writeLaunchFiles(spec, run, launch) });
  const env = { PATH: process.env['PATH'] ?? '', TMUX_TMPDIR: tmux.tmpdir, HOME: dir.path, TERM: 'xterm-256color' };
  const another = (options: Partial<TmuxBackendOptions> = {}): TmuxBackend => new TmuxBackend({ runs, env, launch, ...overrides, ...options });
  const backend = another();
  const bed: TmuxBed = {
    stateDir: state,
    work: dir.path,
    runs,
    backend,
    tmux,
    env,
    another,
    spec: (name, command, more = {}) => makeSpec(name, command, { workingDir: dir.path, ...more }),
    prepare: async (spec) => runs.prepare(spec, await runs.claim(spec.name, newRunId(), { backend: 'tmux' })),
    start: async (name, command, more) => {
      const spec = bed.spec(name, command, more);
      const claim = await runs.claim(spec.name, newRunId(), { backend: 'tmux' });
      const run = await runs.prepare(spec, claim);
      try {
        return { run, status: await backend.start(spec, run) };
      } catch (error) {
        await runs.release(claim);
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await endAll(runs);
      await tmux[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
      if (stateDir !== undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
  return bed;
}

/** {@link makeBed}, disposed when the running test is over. */
export async function tmuxBed(options: BedOptions = {}): Promise<TmuxBed> {
  const bed = await makeBed(options);
  onTestFinished(async () => bed[Symbol.asyncDispose]());
  return bed;
}

export function makeSpec(name: string, command: readonly string[], more: Partial<SessionSpec>): SessionSpec {
  return {
    name: parseSessionName(name),
    backend: 'tmux',
    command,
    workingDir: '/',
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
}

/** A program of one line for sh. */
export function sh(script: string, ...args: readonly string[]): readonly string[] {
  return ['sh', '-c', script, 'sh', ...args];
}

/** The status of a run once it is over. */
export async function ended(bed: TmuxBed, run: RunDirectory): Promise<SessionStatus> {
  return waitFor(() => {
    const status = bed.runs.status(run);
    return status.endedAt !== null && status.state !== 'running' ? status : null;
  }, { deadline: 60_000, interval: 5, what: `the end of ${run.session}` });
}

/** The records of a run once exit.json is there. */
export async function exitRecord(bed: TmuxBed, run: RunDirectory): Promise<NonNullable<RunRecords['exit']>> {
  return waitFor(async () => (await bed.runs.records(run)).exit, { deadline: 60_000, interval: 5, what: `exit.json of ${run.session}` });
}

/** All that a run has printed so far. */
export async function logOf(run: RunDirectory): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of readRunLog(run)) chunks.push(bytes);
  return Buffer.concat(chunks).toString('utf8');
}

/** Waits until the log of a run has this text. */
export async function logHas(run: RunDirectory, text: string): Promise<string> {
  return waitFor(async () => {
    const log = await logOf(run);
    return log.includes(text) ? log : null;
  }, { interval: 10, what: `"${text}" in the log of ${run.session}` });
}

async function endAll(runs: RunStore): Promise<void> {
  for (const run of await runs.runs()) {
    const { verdict, reading } = runs.observe(run);
    if (hasEnded(verdict) || verdict.kind === 'unknown' || reading.records.launcher === null) continue;
    await stopRun(run, { how: 'force', requestedBy: `test@${hostname()}` }).catch((error: unknown) => {
      process.stderr.write(`left behind: ${run.path}: ${String(error)}\n`);
    });
  }
}
