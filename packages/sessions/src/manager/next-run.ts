import { existsSync } from 'node:fs';

import { findRun, listRunIds } from '../run-catalog.ts';
import type { RunDirectory } from '../run-directory.ts';
import { siblingRun } from '../run-directory.ts';
import type { RunId } from '../run-record.ts';
import type { RunObservation } from '../run-observation.ts';
import type { RunStore } from '../run-store.ts';
import { StateDirectory } from '../state-directory.ts';

/** What comes after a run in the logs of its session. */
export type NextRun =
  | { readonly kind: 'run'; readonly run: RunDirectory }
  | { readonly kind: 'restarting'; readonly attempt: number; readonly at: string | null }
  /** Nothing, as it is now: somebody may start the session again. */
  | { readonly kind: 'none' };

/**
 * What comes after an ended run: the attempt that its launcher says, or else the next run of the name, started by hand or after the
 * session was removed. No run in between is passed over, however short it was.
 *
 * @param others runs that were found to be other sessions', for who asks again and again
 */
export function nextRun({ reading: { run, spec }, loop }: RunObservation, runs: RunStore, others: Set<RunId> = new Set()): NextRun {
  if (loop.kind === 'followed') {
    const next = siblingRun(run, loop.by);
    if (existsSync(next.path)) return { kind: 'run', run: next };
  }
  if (loop.kind === 'waiting') return { kind: 'restarting', attempt: loop.attempt, at: loop.at };
  const newer = oldestAfter(run, others);
  if (newer !== null) return { kind: 'run', run: newer };
  const current = runs.observeCurrent(run.session);
  // Ids sort by the clock, claims by themselves: the clock may have been set back since.
  const isLater = current !== null && current.reading.run.runId !== run.runId && spec?.claim != null && current.claim.number > spec.claim;
  return isLater ? { kind: 'run', run: current.reading.run } : { kind: 'none' };
}

/** The oldest run of the session that is newer than this one. Reads no more of the folder than is newer. */
export function oldestAfter(run: Pick<RunDirectory, 'runId' | 'session' | 'stateDir'>, others: Set<RunId> = new Set()): RunDirectory | null {
  const state = new StateDirectory(run.stateDir);
  for (const id of listRunIds(state)) {
    const found = id > run.runId && !others.has(id) ? findRun(state, id) : null;
    if (found?.session === run.session) return found;
    // One that is not known yet is just being made.
    if (found !== null) others.add(id);
  }
  return null;
}
