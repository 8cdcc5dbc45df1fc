import type { ContainerSpec, RunDirectory, RunRecords, SessionSpec, SessionStatus } from '@longhaul/sessions';
import { newRunId, NO_RESTART, parseSessionName, readRunLog, RunStore } from '@longhaul/sessions';
import type { TestEngine } from '@longhaul/testbed';
import { startEngine, tempDir, waitFor } from '@longhaul/testbed';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

import type { ContainerBackendOptions } from '../src/index.ts';
import { ContainerBackend } from '../src/index.ts';

/** A state directory and a backend on one engine; all gone when the test is over, with whatever still runs. */
export interface ContainerBed extends AsyncDisposable {
  readonly engine: TestEngine;
  readonly stateDir: string;
  /** An empty folder for volumes. */
  readonly work: string;
  readonly runs: RunStore;
  readonly backend: ContainerBackend;
  /** Another backend on the same records. */
  another(options?: Partial<ContainerBackendOptions>): ContainerBackend;
  spec(name: string, command: readonly string[], more?: SpecOptions): SessionSpec;
  /** Claims, prepares and starts, as the manager does. */
  start(name: string, command: readonly string[], more?: SpecOptions): Promise<Started>;
  /** The same with another backend. */
  startOn(backend: ContainerBackend, spec: SessionSpec): Promise<Started>;
}

export interface Started {
  readonly run: RunDirectory;
  readonly status: SessionStatus;
}

/** What differs from the ordinary: of the spec, and of its container. */
export type SpecOptions = Omit<Partial<SessionSpec>, 'container'> & { readonly container?: Partial<ContainerSpec> | null };

/** The engine of a whole test file: one start of podman's storage or of dockerd for all its tests. */
export function engineOfFile(runtime: 'podman' | 'docker', start: () => Promise<TestEngine> = async () => startEngine(runtime)): () => TestEngine {
  let engine: TestEngine | undefined;
  beforeAll(async () => {
    engine = await start();
  }, 120_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
  }, 120_000);
  return () => {
    if (engine === undefined) throw new Error('there is no engine outside a test');
    return engine;
  };
}

/** See {@link ContainerBed}; to be disposed. */
export async function makeBed(engine: TestEngine): Promise<ContainerBed> {
  const dir = await tempDir('lh-container-');
  const stateDir = dir.join('state');
  const runs = new RunStore({ stateDir });
  const another = (options: Partial<ContainerBackendOptions> = {}): ContainerBackend => new ContainerBackend({ runs, runtimes: [engine.runtime], env: engine.env, ...options });
  const backend = another();
  const bed: ContainerBed = {
    engine,
    stateDir,
    work: dir.path,
    runs,
    backend,
    another,
    spec: (name, command, more = {}) => makeSpec(name, command, { engine, work: dir.path, more }),
    start: async (name, command, more) => bed.startOn(backend, bed.spec(name, command, more)),
    startOn: async (starter, spec) => {
      const claim = await runs.claim(spec.name, newRunId(), { backend: 'container' });
      const run = await runs.prepare(spec, claim);
      try {
        return { run, status: await starter.start(spec, run) };
      } catch (error) {
        await runs.release(claim);
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await endAll(bed);
      await dir[Symbol.asyncDispose]();
    },
  };
  return bed;
}

/** {@link makeBed}, disposed when the running test is over. */
export async function containerBed(engine: TestEngine): Promise<ContainerBed> {
  const bed = await makeBed(engine);
  onTestFinished(async () => bed[Symbol.asyncDispose](), 60_000);
  return bed;
}

function makeSpec(name: string, command: readonly string[], { engine, work, more }: { readonly engine: TestEngine; readonly work: string; readonly more: SpecOptions }): SessionSpec {
  const { container = {}, ...rest } = more;
  const env = rest.env ?? [];
  const plain: ContainerSpec = {
    image: engine.images.plain,
    runtime: null,
    pull: 'never',
    volumes: [],
    ports: [],
    logVolume: null,
    workingDir: null,
    terminal: 'no',
    init: 'auto',
    memoryBytes: null,
    cpus: null,
    network: 'none',
    envNames: env.map((entry) => entry.name),
  };
  return {
    name: parseSessionName(name),
    backend: 'container',
    command,
    workingDir: work,
    secretEnv: [],
    umask: 0o022,
    terminal: { columns: 80, rows: 24 },
    outputs: [],
    stop: {},
    onExit: null,
    restart: NO_RESTART,
    ready: null,
    ...rest,
    env,
    container: container === null ? null : { ...plain, ...container },
  };
}

/** A program of one line for sh. */
export function sh(script: string, ...args: readonly string[]): readonly string[] {
  return ['sh', '-c', script, 'sh', ...args];
}

/** The status of a run once it is over. */
export async function ended(bed: ContainerBed, run: RunDirectory): Promise<SessionStatus> {
  await exitRecord(bed, run);
  return bed.runs.status(run);
}

/** The records of a run once exit.json is there. */
export async function exitRecord(bed: ContainerBed, run: RunDirectory): Promise<NonNullable<RunRecords['exit']>> {
  return waitFor(async () => (await bed.runs.records(run)).exit, { deadline: 120_000, interval: 20, what: `exit.json of ${run.session}` });
}

/** All that a run has printed so far, by stream. */
export async function logOf(run: RunDirectory): Promise<{ readonly all: string; readonly stdout: string; readonly stderr: string; readonly terminal: string }> {
  const pieces: Record<'all' | 'stdout' | 'stderr' | 'terminal', Uint8Array[]> = { all: [], stdout: [], stderr: [], terminal: [] };
  for await (const { bytes, stream } of readRunLog(run)) {
    pieces.all.push(bytes);
    pieces[stream].push(bytes);
  }
  const text = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('utf8');
  return { all: text(pieces.all), stdout: text(pieces.stdout), stderr: text(pieces.stderr), terminal: text(pieces.terminal) };
}

/** Waits until the log of a run has this text. */
export async function logHas(run: RunDirectory, text: string): Promise<string> {
  return waitFor(async () => {
    const { all } = await logOf(run);
    return all.includes(text) ? all : null;
  }, { deadline: 120_000, interval: 20, what: `"${text}" in the log of ${run.session}` });
}

/** Ends what runs, and waits until every launcher is gone: the next test may want the same name. */
async function endAll({ runs, engine, backend, stateDir }: ContainerBed): Promise<void> {
  for (const status of runs.currentStatuses()) {
    if (status.state === 'exited' || status.state === 'stopped') continue;
    await backend.stop(status.name, { how: 'force' }).catch((error: unknown) => {
      process.stderr.write(`left behind: ${status.name} in ${stateDir}: ${String(error)}\n`);
    });
  }
  const all = await engine.tryRun('ps', '--all', '--quiet', '--no-trunc');
  const ids = all.stdout.toString().split('\n').filter((id) => id !== '');
  if (ids.length === 0) return;
  // podman's rm would wait ten seconds for one that ignores TERM, and a first process does.
  await engine.tryRun('kill', ...ids);
  await engine.tryRun('rm', '--force', '--volumes', ...ids);
}
