import type { LogChunk, LogOptions } from '../session-backend.ts';

/** What of a run's log is wanted. */
export interface RunLogOptions extends LogOptions {
  /** `yes`: chunks come in pieces that were printed at one moment, and say when. */
  readonly times?: 'yes' | undefined;
  /** Only this stream, where a job has no terminal and its log keeps them apart. */
  readonly stream?: Exclude<LogChunk['stream'], 'terminal'> | undefined;
}
