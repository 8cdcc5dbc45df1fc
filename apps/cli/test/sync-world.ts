import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Host, SyncHost } from '@longhaul/host';
import { openHost } from '@longhaul/host';
import type { Job, JobEvent, Proof } from '@longhaul/sync-queue';
import type { Receipt } from '@longhaul/sync-transports';
import type { Sshd, SshdOptions } from '@longhaul/testbed';
import { requireService, runProgram, runToEnd, startSshd } from '@longhaul/testbed';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';

import type { CallResult, CliWorld, RunningCall } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

// Every publish waits for the disk, and a disk that others write to makes it wait long.
vi.setConfig({ testTimeout: 180_000 });

export type DestinationType = 'local' | 'rsync_ssh';

/** Those that can be shown here; see requireService. */
export const DESTINATION_TYPES: readonly DestinationType[] = requireService('sshd', 'rsync') ? ['local', 'rsync_ssh'] : ['local'];

/** What `sync show --json` tells. */
export interface Shown {
  readonly job: Job;
  readonly history: readonly JobEvent[];
  readonly proofs: readonly Proof[];
}

/** A machine of the test's own with one destination, `dest`, whose folder is `place` on this machine, whatever leads there. */
export interface SyncWorld extends CliWorld {
  readonly type: DestinationType;
  readonly place: string;
  /** The queue of the same state directory, in the test's own process: quicker than a call for what is not under test. */
  readonly sync: SyncHost;
  readonly host: Host;
  /** Settings of `dest` from now on: those that it was made with, and these. */
  configure(more: Readonly<Record<string, unknown>>): void;
  /** Puts a source into the queue; nobody works on it yet. */
  enqueue(source: string, options?: { readonly as?: string; readonly to?: string }): Promise<Job>;
  /** A real worker process that ends when nothing is due any more. */
  drain(env?: Readonly<Record<string, string>>): RunningCall;
  /** A real worker process that goes on. */
  work(env?: Readonly<Record<string, string>>): RunningCall;
  show(id: string): Promise<Shown>;
}

/** A sshd for all tests of a file. */
export function sshdForFile(options: SshdOptions | (() => SshdOptions) = {}): () => Sshd {
  let sshd: Sshd | null = null;
  beforeAll(async () => {
    if (DESTINATION_TYPES.includes('rsync_ssh')) sshd = await startSshd(typeof options === 'function' ? options() : options);
  });
  afterAll(async () => {
    await sshd?.[Symbol.asyncDispose]();
  });
  return () => {
    if (sshd === null) throw new Error('there is no sshd for this test');
    return sshd;
  };
}

/** argv of the command line, for a test that must start it in another way. */
export const CLI: readonly string[] = [process.execPath, '--conditions=@longhaul/source', path.resolve(import.meta.dirname, '../src/main.ts')];

export interface SyncWorldOptions {
  readonly type: DestinationType;
  readonly sshd?: () => Sshd;
  /** The folder at the destination; one of its own if not given. */
  readonly place?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** More destinations of these types, named by the type; each has a folder of its own, `<root>/<type>`. */
  readonly also?: readonly DestinationType[];
}

export async function syncWorld({ type, sshd, place: given, settings = {}, also = [] }: SyncWorldOptions): Promise<SyncWorld> {
  const world = cliWorld();
  const place = given ?? path.join(world.root, 'place');
  mkdirSync(place, { recursive: true });
  for (const other of also) mkdirSync(path.join(world.root, other));
  const others = Object.fromEntries(also.map((other) => [other, { ...settingsOf(other, path.join(world.root, other), sshd), ...settings }]));
  const configure = (more: Readonly<Record<string, unknown>>): void => {
    world.write('longhaul.yaml', JSON.stringify({ destinations: { ...others, dest: { ...settingsOf(type, place, sshd), ...settings, ...more } } }));
  };
  configure({});
  const host = await openHost({ cwd: world.project, env: world.env, stateDir: world.stateDir, program: null });
  onTestFinished(async () => {
    await host[Symbol.asyncDispose]();
  });
  const sync = await host.sync();
  const work = (args: readonly string[], env: Readonly<Record<string, string>>): RunningCall => world.start(['sync', 'work', '--json', ...args], { env: env });
  return {
    ...world,
    type,
    place,
    host,
    sync,
    configure,
    enqueue: async (source, { as = null, to = 'dest' }: { readonly as?: string | null; readonly to?: string } = {}) => {
      const [pushed] = await sync.push({ source: path.resolve(world.project, source), to: [to], as });
      if (pushed === undefined) throw new Error('nothing was queued');
      return pushed.job;
    },
    drain: (env = {}) => work(['--drain'], env),
    work: (env = {}) => work([], env),
    show: async (id) => await world.json<Shown>(['sync', 'show', id]),
  };
}

function settingsOf(type: DestinationType, place: string, sshd: (() => Sshd) | undefined): Readonly<Record<string, unknown>> {
  if (type === 'local') return { type, path: place };
  const server = sshd?.();
  if (server === undefined) throw new Error('rsync_ssh needs a sshd');
  return { type, path: place, target: server.target, port: server.port, sshKey: server.clientKey, knownHosts: server.knownHosts };
}

/** The receipt of a result. */
export function receiptOf(result: string): Receipt {
  return JSON.parse(readFileSync(path.join(result, '.longhaul/longhaul.json'), 'utf8')) as Receipt;
}

/** GNU sha256sum says that everything is there as it was sealed. @throws Error with what it printed */
export async function checkSums(result: string): Promise<void> {
  await runProgram('sha256sum', ['--quiet', '--strict', '-c', '.longhaul/checksums.sha256'], { cwd: result });
}

/** Everything that lies at a destination besides results: must be nothing when all jobs are done. */
export function leftovers(place: string): readonly string[] {
  const incoming = path.join(place, '.longhaul-incoming');
  if (!existsSync(incoming)) return [];
  return [...readdirSync(incoming).filter((name) => name !== '.locks'), ...readdirSync(path.join(incoming, '.locks')).map((name) => `.locks/${name}`)];
}

/** The transitions of a job, without remarks: `QUEUED>RUNNING`. */
export function transitions(history: readonly JobEvent[]): readonly string[] {
  return history.filter(({ from, to }) => from !== null && from !== to).map(({ from, to }) => `${String(from)}>${to}`);
}

/** The events of a worker that was run with --json. */
export function workerEvents({ stdout }: Pick<CallResult, 'stdout'>): readonly (Readonly<Record<string, unknown>> & { readonly type: string })[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as { readonly type: string });
}

/** Processes whose command line has `text` in it: `pid command`. */
export async function processesWith(text: string): Promise<readonly string[]> {
  const { stdout } = await runToEnd('ps', ['-A', '-ww', '-o', 'pid=,args=']);
  return stdout
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes(text) && !line.includes('ps -A'));
}
