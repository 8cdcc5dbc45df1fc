import type { RunDirectory } from '../run-directory.ts';
import type { World } from '../world.ts';
import { ChangeSignal } from './change-signal.ts';
import { GapWatch } from './gap-watch.ts';
import { lossOf } from './log-loss.ts';
import { RunEndWatch } from './run-end-watch.ts';
import type { RunLogEvent } from './run-log-event.ts';
import type { RunLogOptions } from './run-log-options.ts';
import { RunLogReader } from './run-log-reader.ts';

const FIRST_POLL_MS = 250;
const LAST_POLL_MS = 1000;

/**
 * The log of a run, and what a reader must know about what is missing of it. `follow` goes on until the run has ended and its
 * log was read to the last byte; an aborted signal ends it without an error.
 *
 * @throws SessionConfigError for `since` where the log has no times (BSD, macOS)
 */
export async function* readRunLogEvents(run: RunDirectory, options: RunLogOptions, world: () => World): AsyncGenerator<RunLogEvent> {
  const { signal, follow = false } = options;
  using changes = new ChangeSignal(run.path);
  const reader = new RunLogReader(run, { options, end: new RunEndWatch(run, world) });
  await using _closing = reader;
  const gaps = new GapWatch(run.path, options);
  for (let pause = FIRST_POLL_MS; signal?.aborted !== true; ) {
    const look = await reader.look();
    gaps.look(follow && !look.isLast ? 'growing' : 'whole');
    for await (const event of reader.read(look)) {
      if (event.kind === 'output') yield* gaps.before(event.chunk.endOffset);
      yield event;
      pause = FIRST_POLL_MS;
      if (isAborted(signal)) return;
    }
    if (look.isReplaced) continue;
    // What was read goes so far: whoever follows is told at once.
    yield* gaps.before(null);
    if (!follow || look.isLast) {
      const loss = lossOf(run);
      if (loss !== null) yield loss;
      return;
    }
    await changes.next(pause, signal);
    pause = Math.min(pause * 2, LAST_POLL_MS);
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
