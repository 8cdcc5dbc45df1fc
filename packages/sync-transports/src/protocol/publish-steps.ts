import type { PublishOutcome } from '../transport.ts';
import { FencedError } from './fenced-error.ts';

/** The steps of publish, in order (PROTOCOL.md). After each of them everything can stop. */
export const PUBLISH_STEPS = ['claim', 'metadata', 'lock', 'judge', 'parents', 'announce', 'stage-in', 'old-aside', 'reveal', 'unlock', 'sweep'] as const;
export type PublishStep = (typeof PUBLISH_STEPS)[number];

/** `next`: go on. `skip-to`: an earlier call has done what lies between. Anything else ends the publish. */
export type StepResult = { readonly kind: 'next' } | { readonly kind: 'skip-to'; readonly step: PublishStep } | PublishOutcome;

export const NEXT: StepResult = { kind: 'next' };

/** Before anything moves. From there on it is a matter of moments, and aborting would only leave work for the next claim. */
export const ABORTABLE: readonly PublishStep[] = ['claim', 'metadata', 'lock', 'judge', 'parents', 'announce'];

/** Called after each step; a test that throws here leaves everything as a kill would. */
export type AfterPublishStep = (step: PublishStep) => void | Promise<void>;

/** One call of publish, as a transport does it. */
export interface PublishActor {
  step(step: PublishStep): Promise<StepResult>;
  /** What was moved goes back, the final name is free for others. */
  giveUp(): Promise<void>;
  /** The call is over, however it ended: nothing of it runs on. */
  abandon(): void;
}

/** Takes the steps in their order. @throws what a step throws, after the actor has given up */
export async function takePublishSteps(actor: PublishActor, afterStep?: AfterPublishStep): Promise<PublishOutcome> {
  let skipTo: PublishStep | null = null;
  try {
    for (const step of PUBLISH_STEPS) {
      if (skipTo !== null && step !== skipTo) continue;
      skipTo = null;
      const result = await attempt(actor, step);
      await afterStep?.(step);
      if (result.kind === 'skip-to') skipTo = result.step;
      else if (result.kind !== 'next') return result;
    }
    return { kind: 'published' };
  } finally {
    actor.abandon();
  }
}

async function attempt(actor: PublishActor, step: PublishStep): Promise<StepResult> {
  let result: StepResult | null = null;
  try {
    result = await actor.step(step);
    return result;
  } catch (error) {
    if (error instanceof FencedError) return { kind: 'fenced', evidence: error.message };
    throw error;
  } finally {
    // An outcome that is no success, or a failure.
    if (result === null || (result.kind !== 'next' && result.kind !== 'skip-to')) await actor.giveUp();
  }
}
