import { SessionConfigError } from '@longhaul/errors';

import { ChangeSignal } from '../log/change-signal.ts';
import { RunEndWatch } from '../log/run-end-watch.ts';
import type { RunDirectory } from '../run-directory.ts';
import { observeRun } from '../run-observation.ts';
import { statusFromRun } from '../run-status.ts';
import { hasEnded } from '../run-verdict.ts';
import type { SessionStatus } from '../session-status.ts';
import type { World } from '../world.ts';

const FIRST_POLL_MS = 250;
const LAST_POLL_MS = 1000;
/** How long a run without launcher may take to write down its end before it counts as lost. */
const LAST_WORDS_MS = 1000;

/** How long to wait. */
export interface WaitOptions {
  readonly for: 'exit';
  /** Milliseconds; for ever when not given. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came of it. */
export type WaitOutcome = { readonly outcome: 'exited'; readonly status: SessionStatus } | { readonly outcome: 'timedOut' };

/**
 * Waits for the end of a run: changes of its folder are a hint, looking every 250 ms to 1 s is the truth. A job that died
 * without a record is noticed too.
 *
 * @throws the signal's reason when it aborts; SessionConfigError when the record of the end cannot be read
 */
export async function waitForExit(run: RunDirectory, { timeoutMs = Infinity, signal }: WaitOptions, world: () => World): Promise<WaitOutcome> {
  using changes = new ChangeSignal(run.path);
  const watch = new RunEndWatch(run, world);
  const deadline = performance.now() + timeoutMs;
  let abandonedAt: number | null = null;
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LAST_POLL_MS)) {
    signal?.throwIfAborted();
    const state = watch.state();
    const now = performance.now();
    abandonedAt = state === 'abandoned' ? (abandonedAt ?? now) : null;
    if (state === 'complete' || (abandonedAt !== null && now - abandonedAt >= LAST_WORDS_MS)) return exited(run, world);
    if (now >= deadline) return { outcome: 'timedOut' };
    await changes.next(Math.min(pause, deadline - now), signal);
  }
}

function exited(run: RunDirectory, world: () => World): WaitOutcome {
  const { reading, verdict } = observeRun(run, { world: world() });
  const status = statusFromRun({ reading, verdict });
  if (hasEnded(verdict)) return { outcome: 'exited', status };
  throw new SessionConfigError(`how run ${run.runId} of session "${run.session}" ended cannot be read: ${status.unknownReason ?? verdict.kind}`, {
    hint: `Its log is whole: longhaul logs ${run.session}`,
  });
}
