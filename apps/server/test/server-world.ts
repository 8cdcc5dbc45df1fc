import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { openHost } from '@longhaul/host';
import type { Host } from '@longhaul/host';
import { runToEnd, waitFor } from '@longhaul/testbed';
import { onTestFinished } from 'vitest';

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

/** A server process that was started. */
export interface RunningServer {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  log(): string;
}

/** A state directory with a project, a tmux of its own, and the program under test. */
export interface ServerWorld {
  readonly root: string;
  readonly stateDir: string;
  readonly socket: string;
  readonly env: NodeJS.ProcessEnv;
  /** Starts the program; `ready` waits until it answers. */
  start(options?: { readonly ready?: 'no' }): Promise<RunningServer>;
  get(address: string, options?: { readonly method?: string }): Promise<Answer>;
  /** The same state directory in this process, as a caller without a command line has it: no hook. */
  host(): Promise<Host>;
}

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');

export function serverWorld(): ServerWorld {
  const root = mkdtempSync(path.join(tmpdir(), 'lh-srv-'));
  const stateDir = path.join(root, 's');
  const socket = path.join(stateDir, 'server/longhaul.sock');
  mkdirSync(path.join(root, 'disk'));
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: root, LANG: 'C.UTF-8', TMUX_TMPDIR: root, LONGHAUL_STATE_DIR: stateDir, NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] };
  const running = new Set<ChildProcess>();
  const hosts: Host[] = [];
  onTestFinished(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]();
    for (const child of running) child.kill('SIGKILL');
    await runToEnd('tmux', ['-L', 'longhaul', 'kill-server'], { env });
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }, 30_000);
  const get: ServerWorld['get'] = async (address, { method = 'GET' } = {}) => await ask(socket, address, method);
  return {
    root,
    stateDir,
    socket,
    env,
    get,
    host: async () => {
      const host = await openHost({ cwd: root, env, program: null });
      hosts.push(host);
      return host;
    },
    start: async ({ ready } = {}) => {
      const child = spawn(process.execPath, ['--conditions=@longhaul/source', MAIN], { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
      running.add(child);
      let log = '';
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
      const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
        child.once('close', (code, signal) => {
          running.delete(child);
          resolve({ code, signal });
        });
      });
      if (ready !== 'no') await waitFor(async () => (await get('/healthz')).status === 200, { what: `the server (${log})`, deadline: 40_000 });
      return { process: child, ended, log: () => log };
    },
  };
}

async function ask(socketPath: string, address: string, method: string): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const call = request({ socketPath, path: address, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body: text === '' ? null : (JSON.parse(text) as unknown) });
      });
    });
    call.on('error', reject);
    call.end();
  });
}
