import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runToEnd, waitFor } from '@longhaul/testbed';
import { onTestFinished } from 'vitest';

/** What a call of the command line did. */
export interface CallResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A call that still runs. */
export interface RunningCall {
  readonly process: ChildProcess;
  readonly ended: Promise<CallResult>;
  stdout(): string;
  stderr(): string;
}

export interface CallOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** A machine of the test's own: home, state, tmux and project in one folder; everything it started is ended afterwards. */
export interface CliWorld {
  readonly root: string;
  readonly project: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs the real program to its end. */
  longhaul(args: readonly string[], options?: CallOptions): Promise<CallResult>;
  /** Starts it and lets it run. */
  start(args: readonly string[], options?: CallOptions): RunningCall;
  /** `data` of the envelope of a call with --json. */
  json<T>(args: readonly string[], options?: CallOptions): Promise<T>;
  write(file: string, text: string): string;
}

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const NODE = [process.execPath, '--conditions=@longhaul/source'];

export function cliWorld(): CliWorld {
  const root = mkdtempSync(path.join(tmpdir(), 'lh-cli-'));
  const project = path.join(root, 'project');
  const stateDir = path.join(root, 'state');
  const home = path.join(root, 'home');
  for (const folder of [project, home]) mkdirSync(folder);
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: home, LANG: 'C.UTF-8', TERM: 'xterm', USER: 'tester', TMUX_TMPDIR: root, LONGHAUL_STATE_DIR: stateDir, NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] };
  const running = new Set<ChildProcess>();
  const start = (args: readonly string[], options: CallOptions = {}): RunningCall => {
    const child = spawn(NODE[0] ?? '', [...NODE.slice(1), MAIN, ...args], { cwd: options.cwd ?? project, env: { ...env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
    const ended = new Promise<CallResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal, stdout: text(out), stderr: text(err) });
      });
    });
    return { process: child, ended, stdout: () => text(out), stderr: () => text(err) };
  };
  const longhaul = async (args: readonly string[], options?: CallOptions): Promise<CallResult> => await start(args, options).ended;
  onTestFinished(async () => {
    for (const child of running) child.kill('SIGKILL');
    await endJobs(stateDir, env);
    await endRest(root);
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }, 30_000);
  return {
    root,
    project,
    stateDir,
    env,
    longhaul,
    start,
    json: async <T>(args: readonly string[], options?: CallOptions) => {
      const result = await longhaul(['--json', ...args], options);
      if (result.stdout === '') throw new Error(`no JSON (code ${String(result.code)}): ${result.stderr}`);
      return (JSON.parse(result.stdout) as { data: T }).data;
    },
    write: (file, text) => {
      const full = path.join(project, file);
      mkdirSync(path.dirname(full), { recursive: true });
      writeFileSync(full, text);
      return full;
    },
  };
}

/** Ends the jobs by their records and waits until their launchers have written down the end; then the tmux server. */
async function endJobs(stateDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const runs = listOrNothing(path.join(stateDir, 'runs')).map((name) => path.join(stateDir, 'runs', name));
  for (const run of runs) {
    const start = readOrNull(path.join(run, 'start.json'));
    if (start === null || readOrNull(path.join(run, 'exit.json')) !== null) continue;
    kill((JSON.parse(start) as { pid: number }).pid);
    await waitFor(() => readOrNull(path.join(run, 'exit.json')) !== null, { what: `the end of ${run}`, deadline: 15_000 });
  }
  await runToEnd('tmux', ['-L', 'longhaul', 'kill-server'], { env });
}

/** Launchers, the hooks that they call, workers, servers: whatever belongs to this folder, which is nobody else's. */
async function endRest(root: string): Promise<void> {
  await waitFor(
    () => {
      const left = processesIn(root);
      for (const pid of left) kill(Number(pid));
      return left.length === 0;
    },
    { what: `the end of everything in ${root}`, deadline: 15_000 },
  );
}

/** The processes whose command line or working directory is below a folder. */
function processesIn(folder: string): readonly string[] {
  return listOrNothing('/proc').filter((pid) => /^\d+$/.test(pid) && (readOrNull(`/proc/${pid}/cmdline`)?.includes(folder) === true || linkOrNull(`/proc/${pid}/cwd`)?.startsWith(folder) === true));
}

function linkOrNull(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function listOrNothing(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
