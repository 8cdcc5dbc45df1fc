import type { SessionLogEvent } from '@longhaul/sessions';

/** How a log is written. */
export interface LogStyle {
  /** `plain`: without control sequences; of a line that was written over, its last state. */
  readonly form: 'raw' | 'plain';
  /** `name`: each line with the session it is of. Raw, its colours stay. */
  readonly prefix: 'none' | 'name';
  /** `line`: each line begins with the moment at which its first byte was printed. */
  readonly times?: 'line' | undefined;
  /** Names that are known from the beginning, so that prefixes are of one width. */
  readonly names: readonly string[];
}

/** A piece of output, and whose it is. */
export type OutputEvent = SessionLogEvent & { readonly kind: 'output' };

/** The output of one session or several, on its way to stdout. */
export interface Lines {
  output(event: OutputEvent): Promise<void>;
  /** Gives out what is held back: of this session, or of all; null: of none, but what follows on stderr begins a line of its terminal. */
  breakLine(whose: string | null): Promise<void>;
}
