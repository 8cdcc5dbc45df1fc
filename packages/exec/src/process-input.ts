import { once } from 'node:events';
import type { Writable } from 'node:stream';

import type { CommandInput } from './command.ts';
import type { ProcessInput } from './process-runner.ts';

/** A program that stopped reading, or ended: its outcome tells the rest. */
const READER_GONE: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_PREMATURE_CLOSE', 'EOF']);

/** Writes to a program that may stop reading at any time. */
export function processInput(stream: Writable): ProcessInput {
  stream.on('error', () => undefined);
  return {
    write: (data) => writeTo(stream, data),
    end: async () => {
      if (stream.writableEnded || stream.destroyed) return;
      stream.end();
      await settled(stream, 'finish');
    },
  };
}

/** Feeds what the command carries. Rejects only with what the caller's iterable throws. */
export async function feed(input: ProcessInput, source: Exclude<CommandInput, string | { readonly fd: number }>): Promise<void> {
  if ('text' in source) await input.write(source.text);
  else if ('bytes' in source) await input.write(source.bytes);
  else for await (const chunk of source.chunks) await input.write(chunk);
  await input.end();
}

async function writeTo(stream: Writable, data: string | Uint8Array): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return;
  if (!stream.write(data)) await settled(stream, 'drain');
}

/** Waits for an event of the stream, or for its end. */
async function settled(stream: Writable, event: 'drain' | 'finish'): Promise<void> {
  if (stream.destroyed || (event === 'finish' && stream.writableFinished)) return;
  const done = new AbortController();
  try {
    await Promise.race([once(stream, event, { signal: done.signal }), once(stream, 'close', { signal: done.signal })]);
  } catch (error) {
    if (!isReaderGone(error)) throw error;
  } finally {
    done.abort();
  }
}

function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && READER_GONE.has(String(error.code));
}
