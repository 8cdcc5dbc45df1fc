import { SessionStopError } from '@longhaul/errors';

import type { RunDirectory } from '../run-directory.ts';
import { siblingRun } from '../run-directory.ts';
import { observeRun } from '../run-observation.ts';
import type { StopPolicy } from '../session-spec.ts';
import type { World } from '../world.ts';
import type { EndPorts } from './end-processes.ts';
import { waitFor } from './end-processes.ts';
import type { StopOutcome } from './stop-outcome.ts';
import { recordStopIntent } from './stop-files.ts';

/** How {@link stopAttempts} ends one run, and what it looks at. */
export interface AttemptStop {
  readonly policy: StopPolicy;
  /** Ends one run that goes on. Not called between two attempts. */
  readonly stopOne: (run: RunDirectory) => Promise<StopOutcome>;
  readonly world: () => World;
  readonly clock: Pick<EndPorts, 'now' | 'sleep'>;
}

/** The launcher looks for a stop twice a second; on a machine under load it may take longer. */
const LOOP_PATIENCE_MS = 30_000;

/**
 * Ends a run and the restart loop behind it (design §4.6): a job that is stopped is never started again. A stop between two attempts ends
 * the loop, and one that meets the launcher as it starts the next attempt ends that one too: the intent is written before `next` is
 * looked for, and the launcher does it the other way round.
 *
 * @throws SessionStopError when the launcher takes no notice
 */
export async function stopAttempts(first: RunDirectory, stop: AttemptStop): Promise<StopOutcome> {
  let outcome: StopOutcome = { step: 'already-ended', signalled: [], killed: [], run: first };
  for (let run = first; ; ) {
    const part = await stopOneOrLoop(run, stop);
    const step = part.step === 'already-ended' ? outcome.step : part.step;
    outcome = { step, signalled: [...outcome.signalled, ...part.signalled], killed: [...outcome.killed, ...part.killed], run };
    const next = await nextAttempt(run, stop);
    if (next === null) return outcome;
    run = next;
  }
}

async function stopOneOrLoop(run: RunDirectory, { policy, stopOne, world }: AttemptStop): Promise<StopOutcome> {
  const { loop } = observeRun(run, { world: world() });
  switch (loop.kind) {
    case 'none':
      return stopOne(run);
    case 'waiting':
      recordStopIntent(run, policy);
      return { step: policy.how === 'force' ? 'kill' : 'signal', signalled: [], killed: [], run };
    case 'over':
      // Nobody goes on with it, and nobody shall take it up.
      if (loop.why === 'lost') recordStopIntent(run, policy);
      return { step: 'already-ended', signalled: [], killed: [], run };
    case 'followed':
      return { step: 'already-ended', signalled: [], killed: [], run };
  }
}

/** The attempt that had begun already, or null when none follows any more. */
async function nextAttempt(run: RunDirectory, { world, clock }: AttemptStop): Promise<RunDirectory | null> {
  let { loop } = observeRun(run, { world: world() });
  const decided = await waitFor(() => {
    if (loop.kind === 'waiting') ({ loop } = observeRun(run, { world: world() }));
    return loop.kind !== 'waiting';
  }, LOOP_PATIENCE_MS, clock);
  if (!decided) throw new SessionStopError(run.session, 'record', 'it is about to be started again, and its launcher takes no notice of the stop', { hint: `Is the launcher stopped, or its disk gone? See \`longhaul status ${run.session}\`, and stop it again` });
  return loop.kind === 'followed' ? siblingRun(run, loop.by) : null;
}
