import type { RunLogOptions } from '../log/run-log-options.ts';

/** What of the logs of a session is wanted, and for how long. */
export interface SessionLogOptions extends Pick<RunLogOptions, 'lines' | 'since' | 'stream' | 'times' | 'signal'> {
  /**
   * `no` (default): what is there. `attempts`: until this start has ended for good, over the restarts of its own policy and no start by anybody.
   * `until-end`: until the session has ended and nothing is about to start it again. `forever`: also over the next start, whoever makes it, until the
   * signal aborts.
   */
  readonly follow?: 'no' | 'attempts' | 'until-end' | 'forever' | undefined;
  /** Only this run, which may be an earlier one, or one of a session that was removed. */
  readonly runId?: string | undefined;
  /** The cursor of an event: goes on behind it, over all runs since. */
  readonly after?: string | undefined;
}
