import type { TransportErrorKind } from '@longhaul/errors';

/**
 * One row of a failure table. The tables are ordered: the first row that matches decides, so specific text stands before
 * generic text, and text before exit codes (design §5.3).
 */
export interface FailureRule {
  /** Names the row in tests and logs. */
  readonly id: string;
  /** The row applies to these exit codes; left out: to any failure. */
  readonly codes?: readonly number[];
  /** The row applies where a line of stderr matches; that line is the evidence. */
  readonly text?: RegExp;
  /** The row applies where this was found out by the transport. */
  readonly when?: FailureFactName;
  /** `warning`: no failure by itself. null: a program is missing, and no kind was given. */
  readonly kind: TransportErrorKind | 'warning' | null;
  /** For the person who must act. `{target}`, `{path}`, `{name}` are replaced. */
  readonly hint: string | null;
}

/** What the output alone does not tell. Everything left out counts as not known, and the careful reading is taken. */
export interface FailureFacts {
  /** The source, or the part of it that the tool named, is not there any more. */
  readonly sourceMissing?: boolean;
  /** This destination has answered before. */
  readonly everReached?: boolean;
  /** The disk at the destination has no room for what is to come: asked after a failure that does not say so. */
  readonly destinationFull?: boolean;
  /** How often in a row the connection broke at this same file, this time included. */
  readonly failuresAtSameFile?: number;
  /** For the hints: `user@host`. */
  readonly target?: string;
  /** For the hints: the destination's folder. */
  readonly path?: string;
  /** For the hints: the destination's name in the configuration. */
  readonly name?: string;
}

export type FailureFactName = 'sourceMissing' | 'everReached' | 'destinationFull' | 'stuckAtOneFile';

/** What a failure was, and by which line it was told. */
export interface Classification {
  /** null: a program is missing (the hint says which and where). */
  readonly kind: TransportErrorKind | null;
  /** The line that decided, unchanged but for blanks around it; null where only the exit code spoke. */
  readonly evidence: string | null;
  readonly hint: string | null;
  /** {@link FailureRule.id} of the row that decided; null where no row did. */
  readonly rule: string | null;
}

/** What a tool left behind. */
export interface FailedRun {
  /** As the tool's own process ended; 128 + n for signal n. */
  readonly returncode: number;
  readonly stderr: string;
  readonly stdout: string;
  readonly facts?: FailureFacts;
}
