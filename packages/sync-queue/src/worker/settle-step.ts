import { isLonghaulError } from '@longhaul/errors';
import { pause } from '../clock.ts';
import type { Outcome } from '../outcome.ts';
import type { JobRun } from './job-run.ts';

const RETRY_MS = 1_000;

/** Writes an outcome; while the queue's disk is full or its file locked, again and again as long as the lease holds. */
export async function settlePatiently(run: JobRun, outcome: Outcome): Promise<void> {
  const { env, held } = run;
  const from = run.job.state;
  for (;;) {
    try {
      run.job = await env.store.settle(held.lease, outcome);
      break;
    } catch (error) {
      if (!isPassing(error) || held.stop?.kind === 'leaseLost') throw error;
      env.events.emit({ type: 'problem', error, jobId: run.job.id });
    }
    // Not broken off by the end of the worker: what was done is to be written down.
    await pause(env.clock, RETRY_MS);
  }
  env.events.emit({ type: 'transition', job: run.job, from, reason: outcome.reason });
  if ('block' in outcome) env.events.emit({ type: 'destinationDown', destination: run.job.destination, ...outcome.block });
}

/** Whether the store may work again in a while. */
export function isPassing(error: unknown): boolean {
  return isLonghaulError(error, 'QUEUE_STORE') && 'problem' in error && (error.problem === 'busy' || error.problem === 'full');
}
