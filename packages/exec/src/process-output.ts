import type { Readable } from 'node:stream';

import type { LineOptions } from './line-splitter.ts';
import { LineSplitter } from './line-splitter.ts';
import type { ProcessOutput } from './process-runner.ts';

/** An output for the caller to read. The first piece is asked for at once, so that nothing is lost if the program ends before. */
export function processOutput(stream: Readable): ProcessOutput {
  const chunks: AsyncIterator<Uint8Array> = stream.iterator({ destroyOnReturn: true });
  let ahead: Promise<IteratorResult<Uint8Array>> | null = chunks.next();
  ahead.catch(() => undefined);
  const output: ProcessOutput = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const result = ahead ?? chunks.next();
        ahead = null;
        return ignorePrematureClose(result);
      },
      return: async () => {
        stream.destroy();
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
    lines: (options) => linesOf(output, options),
  };
  return output;
}

/** A stream that was destroyed because the process was ended by us has simply ended. */
async function ignorePrematureClose(result: Promise<IteratorResult<Uint8Array>>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') return { done: true, value: undefined };
    throw error;
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>, options?: LineOptions): AsyncGenerator<string, void, void> {
  const splitter = new LineSplitter(options);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}
