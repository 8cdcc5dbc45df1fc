import { once } from 'node:events';
import type { Server } from 'node:http';

import { isLonghaulError } from '@longhaul/errors';
import { describeWorkerEvent, openHost, serverLock } from '@longhaul/host';
import type { Host, HostOptions, SyncHost } from '@longhaul/host';

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
  /** Is given what reads the configuration again; it tells the log how that went, and never throws. */
  readonly onReady?: (server: { readonly reload: () => Promise<void> }) => void;
}

/**
 * Runs the server until the signal (design §9): the sync worker, the reconciliation of ended runs, and the read-only API on a
 * unix socket. It holds nothing that a crash could take along: sessions live in tmux, transfers in the queue.
 *
 * @throws ServerRunsError, ConfigError, QueueStoreError
 */
export async function serve({ signal, log, onReady, ...hostOptions }: ServeOptions): Promise<void> {
  await using host = await openHost({ ...hostOptions, program: null });
  const lock = serverLock(host.stateDir);
  const before = lock.state();
  if (lock.tryAcquire() === 'held') throw new ServerRunsError(host.stateDir, before);
  try {
    await work(host, { signal, log, onReady });
  } finally {
    lock.release();
  }
}

interface Work {
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
  readonly onReady: ServeOptions['onReady'] | undefined;
}

async function work(host: Host, { signal, log, onReady }: Work): Promise<void> {
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
  const tasks = [sync.work({ until: 'aborted', signal: both, onEvent: (event) => { logEvent(describeWorkerEvent(event), log); } }), reconcile({ host, signal: both, log }), watch(sync, { signal: both, log })];
  onReady?.({ reload: async () => { await reload(host, log); } });
  try {
    await Promise.all(tasks);
  } finally {
    failed.abort();
    await Promise.allSettled(tasks);
    await close(server);
    log('ended in order');
  }
}

/** By the configuration as it is then: another one begins anew, and remembers what was seen. */
async function watch(sync: SyncHost, { signal, log }: Pick<Work, 'signal' | 'log'>): Promise<void> {
  while (!signal.aborted) {
    const until = AbortSignal.any([signal, sync.changed]);
    await sync.watchFolders({ signal: until, log });
    // Where nothing is watched, that may change.
    if (!until.aborted) await once(until, 'abort');
  }
}

/** A configuration that cannot be used changes nothing. */
async function reload(host: Host, log: (text: string) => void): Promise<void> {
  try {
    await host.reload();
    const { config, files, warnings } = host.config;
    for (const warning of warnings) log(`warning: ${warning}`);
    log(`the configuration was read again (${files.project ?? files.user ?? 'no file'}): ${String(config.watch.length)} watched folders, ${String(config.worker.concurrency)} transfers at once`);
  } catch (error) {
    const hint = isLonghaulError(error) && error.hint !== null ? `; ${error.hint}` : '';
    log(`the new configuration cannot be used, the old one stays: ${error instanceof Error ? error.message : String(error)}${hint}`);
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
