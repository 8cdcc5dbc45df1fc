import type { Outcome } from '@longhaul/exec';

/**
 * Why an engine did not do it. `unknown`: the engine cannot be asked (no daemon, no right to its socket, no answer in time) or said
 * something that no rule knows: the truth is not known (design §4.1). `absent`: there is no such container.
 */
export type EngineFailureKind =
  | 'unknown'
  | 'absent'
  | 'name-taken'
  | 'no-image'
  | 'image-unavailable'
  | 'port-taken'
  | 'bad-mount'
  | 'bad-option'
  | 'no-network'
  | 'no-init'
  | 'no-permission'
  | 'not-executable'
  | 'in-use'
  | 'not-running'
  | 'no-space';

/** What an engine answered. */
export type EngineAnswer =
  | { readonly kind: 'done'; readonly stdout: string; readonly stderr: string }
  | EngineFailure;

/** A question that an engine did not do. `stdout` may still hold a part of the answer: `inspect` of two of which one is gone. */
export interface EngineFailure {
  readonly kind: 'failed';
  readonly why: EngineFailureKind;
  /** What it said, on one line, redacted. */
  readonly evidence: string;
  readonly stdout: string;
  readonly exitCode: number | null;
}

/** An outcome of the program as an answer of the engine. */
export function answerOf(outcome: Exclude<Outcome, { kind: 'notFound' }>, secrets: readonly string[] = []): EngineAnswer {
  void secrets;
  void outcome;
  throw new Error('not written yet');
}
