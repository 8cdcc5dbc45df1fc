import type { RunDirectory } from '../run-directory.ts';
import type { LogChunk } from '../session-backend.ts';
import type { World } from '../world.ts';
import { systemWorld } from '../world.ts';
import type { RunLogNotice } from './run-log-event.ts';
import type { RunLogOptions } from './run-log-options.ts';

/** What reading a log needs from outside. */
export interface RunLogPorts {
  readonly world?: () => World;
  /** Told when output is missing, before what comes after the gap. */
  readonly onNotice?: ((notice: RunLogNotice) => void) | undefined;
}

/**
 * The log of a run as its job printed it, byte for byte, without the first and last line that script(1) adds. `follow`
 * goes on until exit.json is there and the file was read to its end; an aborted signal ends it without an error.
 *
 * `endOffset` is an offset in the file; `after` takes it up again.
 *
 * @throws SessionConfigError for `since` where the log has no times (BSD, macOS)
 */
export async function* readRunLog(run: RunDirectory, options: RunLogOptions = {}, { world = systemWorld, onNotice }: RunLogPorts = {}): AsyncGenerator<LogChunk> {
  // Loaded by who reads: most commands do not.
  const { readRunLogEvents } = await import('./run-log-events.ts');
  for await (const event of readRunLogEvents(run, options, world)) {
    if (event.kind === 'output') yield event.chunk;
    else onNotice?.(event);
  }
}
