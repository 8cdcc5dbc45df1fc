import type { Outcome } from '@longhaul/exec';

/**
 * Why tmux did not do it. `absent`: no server answers at this socket, which alone says nothing about jobs (design §4.3).
 * `gone`: the server ended while it was asked. `duplicate`: the session's name is taken. `no-target`: there is no such session.
 * `unusable`: the socket's path. `unknown`: anything else: the truth is not known.
 */
export type TmuxFailureKind = 'absent' | 'gone' | 'duplicate' | 'no-target' | 'unusable' | 'unknown';

interface FailureRule {
  readonly stderr: RegExp;
  readonly kind: TmuxFailureKind;
}

/** What tmux 3.3a says, specific before generic. */
const TMUX_FAILURES = [
  { stderr: /^duplicate session: /m, kind: 'duplicate' },
  { stderr: /^can't find (?:session|pane|window|client)/m, kind: 'no-target' },
  { stderr: /^no current (?:session|client|target)/m, kind: 'no-target' },
  { stderr: /^no server running on /m, kind: 'absent' },
  { stderr: /^error connecting to .* \(No such file or directory\)/m, kind: 'absent' },
  { stderr: /^error connecting to .* \(Connection refused\)/m, kind: 'absent' },
  { stderr: /\(File name too long\)/, kind: 'unusable' },
  { stderr: /^server exited unexpectedly/m, kind: 'gone' },
  { stderr: /^lost server/m, kind: 'gone' },
] as const satisfies readonly FailureRule[];

/** Which kind of failure the text on tmux's stderr is. */
export function classifyFailure(stderr: string): TmuxFailureKind {
  return TMUX_FAILURES.find((rule) => rule.stderr.test(stderr))?.kind ?? 'unknown';
}

/** What tmux answered. */
export type TmuxAnswer =
  | { readonly kind: 'done'; readonly stdout: string }
  | { readonly kind: 'failed'; readonly why: TmuxFailureKind; readonly evidence: string }
  | { readonly kind: 'not-found' };

/** An outcome of the program as an answer of tmux. */
export function answerOf(outcome: Outcome, describe: (outcome: Outcome) => string): TmuxAnswer {
  if (outcome.kind === 'notFound') return { kind: 'not-found' };
  if (outcome.kind === 'exited' && outcome.exitCode === 0) return { kind: 'done', stdout: outcome.stdout.text };
  const stderr = outcome.stderr.text.trim();
  const why = outcome.kind === 'exited' ? classifyFailure(stderr) : 'unknown';
  return { kind: 'failed', why, evidence: describe(outcome) };
}
