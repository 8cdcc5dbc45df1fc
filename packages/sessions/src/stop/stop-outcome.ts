import type { RunDirectory } from '../run-directory.ts';
import type { StopStep } from '../run-record.ts';

/** What a stop did; a backend makes a StopReport of it. */
export interface StopOutcome {
  readonly step: StopStep | 'already-ended';
  /** Who was asked to end. */
  readonly signalled: readonly number[];
  /** Who was ended by KILL. */
  readonly killed: readonly number[];
  /** The run that was the last one: another attempt may have begun meanwhile. */
  readonly run: RunDirectory;
}
