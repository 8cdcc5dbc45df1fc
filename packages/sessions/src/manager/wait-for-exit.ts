import { SessionConfigError } from '@longhaul/errors';

import { ChangeSignal } from '../log/change-signal.ts';
import { RunEndWatch } from '../log/run-end-watch.ts';
import type { RestartLoop } from '../restart/restart-loop.ts';
import type { RunDirectory } from '../run-directory.ts';
import { siblingRun } from '../run-directory.ts';
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
  /** This run and the attempts that follow it, whatever has the name by then. Default: the current run. */
  readonly runId?: string | undefined;
  /** Milliseconds; for ever when not given. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came of it. */
export type WaitOutcome = { readonly outcome: 'exited'; readonly status: SessionStatus } | { readonly outcome: 'timedOut' };

/**
 * Waits until a job has ended for good: under a restart policy, for the end of the loop (design §4.6). Changes of the run's folder are a hint,
 * looking every 250 ms to 1 s is the truth. A job that died without a record is noticed too.
 *
 * @throws the signal's reason when it aborts; SessionConfigError when the record of the end cannot be read
 */
export async function waitForExit(first: RunDirectory, { timeoutMs = Infinity, signal }: WaitOptions, world: () => World): Promise<WaitOutcome> {
  const deadline = performance.now() + timeoutMs;
  let attempt = new AttemptWatch(first, world);
  try {
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LAST_POLL_MS)) {
      signal?.throwIfAborted();
      const seen = attempt.look();
      if (seen.kind === 'over') return exited(attempt.run, world);
      if (performance.now() >= deadline) return { outcome: 'timedOut' };
      if (seen.kind === 'followed') {
        attempt[Symbol.dispose]();
        attempt = new AttemptWatch(siblingRun(first, seen.by), world);
        pause = FIRST_POLL_MS;
      } else {
        await attempt.changes.next(Math.min(pause, deadline - performance.now()), signal);
      }
    }
  } finally {
    attempt[Symbol.dispose]();
  }
}

/** One run that is waited for. */
class AttemptWatch implements Disposable {
  readonly run: RunDirectory;
  readonly changes: ChangeSignal;
  readonly #world: () => World;
  readonly #end: RunEndWatch;
  #abandonedAt: number | null = null;

  constructor(run: RunDirectory, world: () => World) {
    this.run = run;
    this.changes = new ChangeSignal(run.path);
    this.#world = world;
    this.#end = new RunEndWatch(run, world);
  }

  look(): { readonly kind: 'going on' | 'over' } | Extract<RestartLoop, { kind: 'followed' }> {
    const state = this.#end.state();
    const now = performance.now();
    this.#abandonedAt = state === 'abandoned' ? (this.#abandonedAt ?? now) : null;
    const hasEnd = state === 'complete' || (this.#abandonedAt !== null && now - this.#abandonedAt >= LAST_WORDS_MS);
    if (!hasEnd) return { kind: 'going on' };
    const { loop } = observeRun(this.run, { world: this.#world() });
    if (loop.kind === 'followed') return loop;
    return { kind: loop.kind === 'waiting' ? 'going on' : 'over' };
  }

  [Symbol.dispose](): void {
    this.changes[Symbol.dispose]();
  }
}

function exited(run: RunDirectory, world: () => World): WaitOutcome {
  const observed = observeRun(run, { world: world() });
  const status = statusFromRun(observed);
  if (hasEnded(observed.verdict)) return { outcome: 'exited', status };
  throw new SessionConfigError(`how run ${run.runId} of session "${run.session}" ended cannot be read: ${status.unknownReason ?? observed.verdict.kind}`, {
    hint: `Its log is whole: longhaul logs ${run.session}`,
  });
}
