import type { Server } from 'node:http';

import { describeWorkerEvent, openHost, serverLock } from '@longhaul/host';
import type { Host, HostOptions } from '@longhaul/host';

import { createApiServer } from './http/api-server.ts';
import { listenPrivately } from './http/listen.ts';
import { reconcile } from './reconcile.ts';
import { ServerRunsError } from './server-runs-error.ts';

/** How the server is run. */
export interface ServeOptions extends Omit<HostOptions, 'program'> {
  /** Aborting it lets the server end in order. */
  readonly signal: AbortSignal;
  /** One line at a time. */
  readonly log: (text: string) => void;
}

/**
 * Runs the server until the signal (design §9): the sync worker, the reconciliation of ended runs, and the read-only API on a
 * unix socket. It holds nothing that a crash could take along: sessions live in tmux, transfers in the queue.
 *
 * @throws ServerRunsError, ConfigError, QueueStoreError
 */
export async function serve({ signal, log, ...hostOptions }: ServeOptions): Promise<void> {
  await using host = await openHost({ ...hostOptions, program: null });
  const lock = serverLock(host.stateDir);
  const before = lock.state();
  if (lock.tryAcquire() === 'held') throw new ServerRunsError(host.stateDir, before);
  try {
    await work(host, { signal, log });
  } finally {
    lock.release();
  }
}

interface Work {
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

async function work(host: Host, { signal, log }: Work): Promise<void> {
  const startedAt = new Date().toISOString();
  const server = createApiServer({
    host,
    health: () => ({ status: signal.aborted ? 'draining' : 'ok', pid: process.pid, startedAt }),
    onError: (error) => { log(`request failed: ${error instanceof Error ? error.message : String(error)}`); },
  });
  const sync = await host.sync();
  log(`listens on ${await listenPrivately(server, host.stateDir)}`);
  // One that fails ends the other: a server that does half of its work would look alive.
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const tasks = [sync.work({ until: 'aborted', signal: both, onEvent: (event) => { logEvent(describeWorkerEvent(event), log); } }), reconcile({ host, signal: both, log }), sync.watchFolders({ signal: both, log })];
  try {
    await Promise.all(tasks);
  } finally {
    failed.abort();
    await Promise.allSettled(tasks);
    await close(server);
    log('ended in order');
  }
}

function logEvent(text: string | null, log: (text: string) => void): void {
  if (text !== null) log(text);
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => { resolve(); });
    server.closeIdleConnections();
    // A client that keeps a request open must not keep the server.
    setTimeout(() => { server.closeAllConnections(); }, 1000).unref();
  });
}
