import type { LogChunk } from '../session-backend.ts';
import type { SessionStatus } from '../session-status.ts';
import type { RunLogNotice } from './run-log-event.ts';

/** How a run ended, as far as a reader of its log must know. */
export type RunOutcome = Pick<SessionStatus, 'runId' | 'attempt' | 'exitCode' | 'signal' | 'reason' | 'stoppedBy'>;

/** What reading the logs of a session gives, in order; a run's last byte always comes before the next run's first. */
export type SessionLogEvent = {
  readonly session: string;
  /** Which run it is about; null for a session that was not started by Longhaul. */
  readonly runId: string | null;
} & (
  | {
      readonly kind: 'output';
      readonly chunk: LogChunk;
      /** Goes on behind this chunk, also in another process and after restarts; null for a session without runs. */
      readonly cursor: string | null;
    }
  | RunLogNotice
  /** Another run has begun: the next attempt of a restart loop, or somebody started the session again. `before`: null where no record tells. */
  | { readonly kind: 'began'; readonly attempt: number; readonly before: RunOutcome | null }
  /** The run has ended and will be started again. `at`: ISO 8601; null while that is not known. */
  | { readonly kind: 'restarting'; readonly attempt: number; readonly at: string | null; readonly before: RunOutcome }
  /** The session has ended and nothing is about to start it again. The last event, unless one waits for more. */
  | { readonly kind: 'ended'; readonly before: RunOutcome }
  /** There is no session of this name (any more), and one is waited for. */
  | { readonly kind: 'absent' }
  /** The run that was to be gone on with is gone by retention: what it still had is not known. */
  | { readonly kind: 'forgotten' }
  /** The log is larger than its limit, and its file system cannot make holes. */
  | { readonly kind: 'uncapped'; readonly reason: string }
  /** A backend that has the log itself does not answer; it is asked again until it does. */
  | { readonly kind: 'unreachable'; readonly problem: string }
  | { readonly kind: 'reached' }
  /** Nothing more comes of this session, of several; the others go on. */
  | { readonly kind: 'failed'; readonly error: Error }
);

/** An event without what it is about. */
export type SessionLogEventOf<K extends SessionLogEvent['kind']> = Extract<SessionLogEvent, { kind: K }>;
