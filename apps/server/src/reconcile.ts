import type { FSWatcher } from 'node:fs';
import { mkdirSync, watch } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Host } from '@longhaul/host';

/** Looking is the truth; the folder's changes only make it quicker. Milliseconds. */
const EVERY_MS = 5000;
/** Runs grow old also where none ends. Milliseconds. */
const RETENTION_EVERY_MS = 3_600_000;

export interface ReconcileOptions {
  readonly host: Host;
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

/**
 * Takes notice of ended runs until the signal comes: restart loops whose launcher was killed go on, outputs go into the queue, retention is applied, logs are held to their limits (design §6, §4.6). Also what the
 * launcher's hook could not do: after a reboot, a full disk, a killed launcher.
 */
export async function reconcile({ host, signal, log }: ReconcileOptions): Promise<void> {
  const ended = path.join(host.stateDir, 'ended');
  mkdirSync(ended, { recursive: true, mode: 0o700 });
  let retentionAt = -Infinity;
  while (!signal.aborted) {
    const retentionIsDue = performance.now() - retentionAt >= RETENTION_EVERY_MS;
    if (retentionIsDue) retentionAt = performance.now();
    try {
      await look(host, { log, retentionIsDue });
    } catch (error) {
      // A full disk or a busy queue passes; the next look tries again.
      log(`ended runs could not be looked after: ${error instanceof Error ? error.message : String(error)}`);
    }
    await nextLook(ended, signal);
  }
}

async function look(host: Host, { log, retentionIsDue }: { readonly log: (text: string) => void; readonly retentionIsDue: boolean }): Promise<void> {
  await host.sessions.takeUpLost();
  const outcomes = await host.settleOutputs();
  for (const { path: output, destination, jobId, problem } of outcomes) log(`output ${JSON.stringify(output)} -> ${destination}: ${jobId === null ? `not sent: ${problem ?? ''}` : `job ${jobId}`}`);
  const markers = await host.runs.endedMarkers();
  const unsettled = new Set((await host.runs.unsettledRuns()).map(({ runId }) => runId));
  for (const runId of markers) if (!unsettled.has(runId)) await host.runs.clearEndedMarker(runId);
  if (markers.length > 0 || retentionIsDue) await host.applyRetention();
  for (const text of await host.capLogs()) log(text);
}

async function nextLook(folder: string, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const both = AbortSignal.any([signal, woken.signal]);
  const watcher = watchOrNull(folder, () => {
    woken.abort();
  });
  try {
    await delay(EVERY_MS, undefined, { signal: both });
  } catch (error) {
    if (!both.aborted) throw error;
  } finally {
    watcher?.close();
  }
}

function watchOrNull(folder: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, onChange);
    watcher.on('error', onChange);
    return watcher;
  } catch {
    // No watches left on this machine: looking every few seconds is enough.
    return null;
  }
}
