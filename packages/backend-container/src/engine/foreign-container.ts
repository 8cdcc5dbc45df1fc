import { BackendUnavailableError, SessionConfigError, SessionNotFoundError } from '@longhaul/errors';
import type { ContainerRuntime, LogChunk, LogOptions, SessionState, SessionStatus } from '@longhaul/sessions';
import { EMPTY_STATUS } from '@longhaul/sessions';

import type { ContainerInfo, ContainerState } from './container-info.ts';
import type { EngineClient } from './engine-client.ts';
import { classifyFailure } from './engine-failure.ts';

const STATES: Readonly<Record<ContainerState, SessionState>> = {
  created: 'defined', running: 'running', paused: 'paused', restarting: 'restarting', exited: 'exited', dead: 'exited', removing: 'exited', unknown: 'unknown',
};

/** The status of a container that has no record of ours: what its engine says, labelled foreign. `socketName` is the engine. */
export function foreignStatus(info: ContainerInfo, runtime: ContainerRuntime): SessionStatus {
  const state = STATES[info.state];
  const lives = state === 'running' || state === 'paused' || state === 'restarting';
  return {
    ...EMPTY_STATUS,
    name: info.name,
    backend: 'container',
    state,
    terminal: lives && info.terminal === 'yes' ? 'detached' : 'none',
    pid: lives ? info.pid : null,
    createdAt: info.createdAt,
    startedAt: info.startedAt,
    endedAt: lives ? null : info.finishedAt,
    exitCode: lives ? null : info.exitCode,
    reason: lives || info.exitCode === null ? null : 'exit',
    command: info.command,
    image: info.image,
    socketName: runtime,
    managed: false,
    unknownReason: state === 'unknown' ? `${runtime} does not say what it is doing` : null,
  };
}

/**
 * The log that the engine keeps of a container. Offsets count the bytes of this reading; `after` is refused: the engine has no offsets.
 *
 * @throws SessionConfigError for `after` and `runId`; BackendUnavailableError; SessionNotFoundError
 */
export async function* foreignLog(client: EngineClient, info: ContainerInfo, { after, runId, lines, since, follow = false, signal }: LogOptions): AsyncGenerator<LogChunk> {
  if (after !== undefined || runId !== undefined) {
    throw new SessionConfigError(`container "${info.name}" was not started by Longhaul, so its log has no runs and no place to go on from`, { hint: 'Use --lines or --since' });
  }
  const began = new Date();
  const args = ['logs', ...(lines === undefined ? [] : ['--tail', String(lines)]), ...(since === undefined ? [] : ['--since', since.toISOString()]), ...(follow ? ['--follow'] : []), info.id];
  await using reader = await client.open(args, { signal });
  const queue = new ChunkQueue();
  const said: Uint8Array[] = [];
  const pump = async (stream: 'stdout' | 'stderr'): Promise<void> => {
    for await (const bytes of reader[stream] ?? []) {
      if (stream === 'stderr' && said.length < 16) said.push(bytes);
      await queue.put({ bytes, stream: info.terminal === 'yes' ? 'terminal' : stream });
    }
  };
  const pumps = Promise.all([pump('stdout'), pump('stderr')]).finally(() => queue.end());
  let endOffset = 0;
  const shown = new Map<Piece['stream'], Buffer>();
  for await (const { bytes, stream } of queue) {
    endOffset += bytes.length;
    shown.set(stream, lastLine(shown.get(stream), bytes));
    yield { bytes, stream, endOffset };
  }
  await pumps;
  const outcome = await reader.outcome;
  if (outcome.kind === 'exited' && outcome.exitCode === 0 && follow && signal?.aborted !== true && info.state !== 'exited') {
    for (const { bytes, stream } of await unendedLine(client, info, { since: since ?? (lines === 0 ? began : undefined), shown })) {
      endOffset += bytes.length;
      yield { bytes, stream, endOffset };
    }
  }
  if (outcome.kind !== 'exited' || outcome.exitCode === 0) return;
  const evidence = Buffer.concat(said).toString('utf8').trim();
  if (classifyFailure(evidence) === 'absent') throw new SessionNotFoundError(info.name, client.runtime);
  throw new BackendUnavailableError(client.runtime, evidence === '' ? 'its log cannot be read' : evidence);
}

type Piece = Pick<LogChunk, 'bytes' | 'stream'>;

/** What was shown of a stream behind its last newline. */
function lastLine(before: Buffer = Buffer.alloc(0), bytes: Uint8Array): Buffer {
  const newline = bytes.lastIndexOf(NEWLINE);
  return newline === -1 ? Buffer.concat([before, bytes]) : Buffer.from(bytes.subarray(newline + 1));
}

const NEWLINE = 0x0a;

/** docker's `logs --follow` leaves out a last line without its end (7 of 8 tried, 20.10); `logs` has it. What of it was not shown. */
async function unendedLine(client: EngineClient, info: ContainerInfo, { since, shown }: { readonly since: Date | undefined; readonly shown: ReadonlyMap<Piece['stream'], Buffer> }): Promise<readonly Piece[]> {
  await using reader = await client.open(['logs', '--tail', '1', ...(since === undefined ? [] : ['--since', since.toISOString()]), info.id]);
  const read = async (name: 'stdout' | 'stderr'): Promise<Piece> => {
    const parts: Uint8Array[] = [];
    for await (const bytes of reader[name] ?? []) parts.push(bytes);
    return { bytes: Buffer.concat(parts), stream: info.terminal === 'yes' ? 'terminal' : name };
  };
  const pieces = await Promise.all([read('stdout'), read('stderr')]);
  const outcome = await reader.outcome;
  // Removed since, as a rule: what was followed has ended.
  if (outcome.kind !== 'exited' || outcome.exitCode !== 0) return [];
  return pieces.flatMap(({ bytes, stream }) => {
    const before = shown.get(stream) ?? Buffer.alloc(0);
    const isNews = bytes.length > before.length && bytes.at(-1) !== NEWLINE && before.equals(bytes.subarray(0, before.length));
    return isNews ? [{ bytes: bytes.subarray(before.length), stream }] : [];
  });
}

/** Two outputs in the order in which they came; whoever puts waits until it was taken. */
class ChunkQueue implements AsyncIterable<Piece> {
  readonly #pieces: { readonly piece: Piece; readonly taken: () => void }[] = [];
  #ended: boolean = false;
  #wake: () => void = () => undefined;

  put(piece: Piece): Promise<void> {
    return new Promise((taken) => {
      this.#pieces.push({ piece, taken });
      this.#wake();
    });
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece> {
    for (;;) {
      const next = this.#pieces.shift();
      if (next !== undefined) {
        yield next.piece;
        next.taken();
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
