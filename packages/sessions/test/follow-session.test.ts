import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { BackendUnavailableError } from '@longhaul/errors';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { LogChunk, LogOptions, RunDirectory, RunId, RunStore, SessionLogEvent, SessionLogOptions } from '../src/index.ts';
import { newRunId, parseRunId, parseSessionName, SessionManager, systemWorld } from '../src/index.ts';
import { FakeBackend, foreignStatus } from './support/fake-backend.ts';
import { append, play, writeLog } from './support/logs.ts';
import { prepared, specOf, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';

interface Machine {
  readonly store: RunStore;
  readonly backend: FakeBackend;
  readonly manager: SessionManager;
}

/** A manager on an empty state directory, on a machine on which everything lives. */
function machine(backend = new FakeBackend('tmux')): Machine {
  const world = (): ReturnType<typeof systemWorld> => ({ ...systemWorld(), liveness: () => 'alive' });
  const store = temporaryStore({ world });
  return { store, backend, manager: new SessionManager({ stateDir: store.stateDir, backends: [backend], runs: store, world }) };
}

/** The next run of a session: it lives and has printed this. */
async function begin(store: RunStore, text: string, { name = 'train', runId = newRunId() } = {}): Promise<RunDirectory> {
  const run = await prepared(store, specOf({ name }), runId);
  play(run);
  append(run, text);
  return run;
}

async function ended(store: RunStore, text: string, changes: { readonly name?: string; readonly runId?: RunId } = {}): Promise<RunDirectory> {
  const run = await begin(store, text, changes);
  writeExit(run);
  return run;
}

/** A reader that is told what to wait for; it is ended with its test. */
class Follower {
  readonly events: SessionLogEvent[] = [];
  readonly #source: AsyncGenerator<SessionLogEvent>;
  readonly #stop = new AbortController();

  constructor(manager: SessionManager, { name = 'train', ...options }: SessionLogOptions & { readonly name?: string | readonly string[] } = {}) {
    const all = { follow: 'until-end' as const, ...options, signal: this.#stop.signal };
    if (name === 'all') this.#source = manager.followLogsOf('all', all);
    else this.#source = typeof name === 'string' ? manager.followLogs(name, all) : manager.followLogsOf(name, all);
    onTestFinished(async () => {
      this.#stop.abort();
      await this.#source.return(undefined);
    });
  }

  get text(): string {
    return textOf(this.events);
  }

  /** Reads on until this event. */
  async until(wanted: (event: SessionLogEvent) => boolean): Promise<SessionLogEvent> {
    for (;;) {
      const next: IteratorResult<SessionLogEvent, unknown> = await this.#source.next();
      if (next.done === true) throw new Error(`the log has ended: ${this.kinds.join(' ')}`);
      this.events.push(next.value);
      if (wanted(next.value)) return next.value;
    }
  }

  async untilText(text: string): Promise<void> {
    await this.until(() => this.text.endsWith(text));
  }

  async rest(): Promise<void> {
    for await (const event of this.#source) this.events.push(event);
  }

  stop(): void {
    this.#stop.abort();
  }

  get kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind);
  }
}

function textOf(events: readonly SessionLogEvent[], session?: string): string {
  return events.map((event) => (event.kind === 'output' && (session === undefined || event.session === session) ? Buffer.from(event.chunk.bytes).toString() : '')).join('');
}

describe('following a session', () => {
  test('goes on with the next run behind the last byte of the one before, and says so in between', async () => {
    const { store, manager } = machine();
    const first = await begin(store, 'one\n');
    const follower = new Follower(manager);
    await follower.untilText('one\n');
    append(first, 'last words');
    writeExit(first, { exitCode: 1 });
    const second = await begin(store, 'two\n');
    await follower.untilText('two\n');
    writeExit(second);
    await follower.rest();
    expect(follower.text).toBe('one\nlast wordstwo\n');
    expect(follower.kinds).toEqual(['output', 'output', 'began', 'output', 'ended']);
    expect(follower.events[2]).toMatchObject({ kind: 'began', runId: second.runId, attempt: 1, before: { runId: first.runId, exitCode: 1 } });
  });

  test('passes over no run, however short they were and however many came at once', async () => {
    const { store, manager } = machine();
    const first = await begin(store, 'run 0\n');
    await ended(store, 'other\n', { name: 'other' });
    const follower = new Follower(manager);
    await follower.untilText('run 0\n');
    writeExit(first);
    for (let run = 1; run < 20; run += 1) await ended(store, `run ${String(run)}\n`);
    await follower.rest();
    expect(follower.text).toBe(Array.from({ length: 20 }, (_, run) => `run ${String(run)}\n`).join(''));
  });

  test('goes on over removal and a new start', async () => {
    const { store, manager } = machine();
    await ended(store, 'before\n');
    const follower = new Follower(manager, { follow: 'forever' });
    await follower.until(({ kind }) => kind === 'ended');
    store.forget(await store.claimRemoval(parseSessionName('train')));
    await ended(store, 'after\n');
    await follower.untilText('after\n');
    expect(follower.kinds).toEqual(['output', 'ended', 'began', 'output']);
  });

  test('ends at the end where nothing is about to start it again', async () => {
    const { store, manager } = machine();
    await ended(store, 'all\n');
    const follower = new Follower(manager);
    await follower.rest();
    expect(follower.kinds).toEqual(['output', 'ended']);
    expect(follower.events.at(-1)).toMatchObject({ before: { exitCode: 0, reason: 'exit' } });
  });

  test('waits for the start that follows the stop of a restart', async () => {
    const { store, manager } = machine();
    const first = await begin(store, 'one\n');
    const follower = new Follower(manager);
    await follower.untilText('one\n');
    writeRecord(first, 'stop.json', { requestedAt: new Date().toISOString(), requestedBy: 'lab@host (restart)', how: 'graceful', signal: 'SIGINT', timeoutMs: 1 });
    writeExit(first, { exitCode: 130, reason: 'stopped', stoppedBy: { who: 'lab', step: 'signal' } });
    const waiting = follower.untilText('two\n');
    // Longer than a look takes.
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    await begin(store, 'two\n');
    await waiting;
    expect(follower.kinds).toEqual(['output', 'began', 'output']);
  });

  test('says when a restart is pending, once, and waits for it', async () => {
    const { store, manager } = machine();
    const restart = { mode: 'always' as const, maxRestarts: null, delayMs: 1000, maxDelayMs: 1000, resetMs: 60_000 };
    const first = await prepared(store, specOf({ restart }));
    play(first);
    append(first, 'one\n');
    writeExit(first, { exitCode: 1 });
    const { pid, bootId } = { pid: process.pid, bootId: systemWorld().bootId };
    writeRecord(first, 'restart.json', { since: '2026-11-22T10:00:00.000Z', delayMs: 8000, attempt: 2, pid, processStartTime: '7', bootId, problem: null });
    const follower = new Follower(manager);
    expect(await follower.until(({ kind }) => kind !== 'output')).toMatchObject({ kind: 'restarting', attempt: 2, at: '2026-11-22T10:00:08.000Z', before: { exitCode: 1 } });
    // The launcher was killed in its pause: the loop is over, and nothing more comes.
    writeRecord(first, 'loop-end.json', { why: 'stopped', at: '2026-11-22T10:00:01.000Z', stoppedBy: null });
    await follower.rest();
    expect(follower.kinds).toEqual(['output', 'restarting', 'ended']);
  });

  test('waits for a session that is not there yet, where it is to go on for ever', async () => {
    const { store, manager } = machine();
    await expect(new Follower(manager).rest()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    const follower = new Follower(manager, { follow: 'forever' });
    await follower.until(({ kind }) => kind === 'absent');
    await begin(store, 'here\n');
    await follower.untilText('here\n');
  });

  test('asks for the last lines of the first run only', async () => {
    const { store, manager } = machine();
    const first = await begin(store, 'a\nb\nc\n');
    const follower = new Follower(manager, { lines: 1 });
    await follower.untilText('c\n');
    writeExit(first);
    await ended(store, 'd\ne\n');
    await follower.rest();
    expect(follower.text).toBe('c\nd\ne\n');
  });

  test('one run alone ends with that run', async () => {
    const { store, manager } = machine();
    const first = await ended(store, 'one\n');
    await begin(store, 'two\n');
    const follower = new Follower(manager, { runId: first.runId });
    await follower.rest();
    expect(follower.text).toBe('one\n');
    await expect(new Follower(manager, { name: 'other', runId: first.runId }).rest()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });
});

describe('a cursor', () => {
  test('takes up any reader where it was left, over runs: nothing is lost, nothing comes twice', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 5 }), fc.nat(), async (runs, pick) => {
      const { store, manager } = machine();
      for (const [index, lines] of runs.entries()) await ended(store, Array.from({ length: lines }, (_, line) => `run ${String(index)} line ${String(line)}\n`).join(''));
      const all = await firstToLast(store, manager);
      const cursors = all.flatMap((event, at) => (event.kind === 'output' ? [{ cursor: event.cursor ?? '', at }] : []));
      const chosen = cursors[pick % Math.max(1, cursors.length)];
      if (chosen === undefined) return;
      const rest = await collectEvents(manager.followLogs('train', { after: chosen.cursor }));
      expect(textOf(all.slice(0, chosen.at + 1)) + textOf(rest)).toBe(textOf(all));
    }), { numRuns: 25 });
  });

  test('of a run that retention has dropped goes on with the next one, and says so', async () => {
    const { store, manager } = machine();
    const first = await ended(store, 'one\n');
    await ended(store, 'two\n');
    rmSync(first.path, { recursive: true });
    const events = await collectEvents(manager.followLogs('train', { after: `${first.runId}:2` }));
    expect(events.map(({ kind }) => kind)).toEqual(['forgotten', 'output']);
    expect(textOf(events)).toBe('two\n');
  });

  test('is of one session, and has one form', async () => {
    const { store, manager } = machine();
    const run = await ended(store, 'x\n');
    await ended(store, 'y\n', { name: 'other' });
    await expect(collectEvents(manager.followLogs('other', { after: `${run.runId}:0` }))).rejects.toMatchObject({ code: 'SESSION_CONFIG', hint: expect.stringContaining('longhaul logs train') as string });
    for (const after of ['x', run.runId, `${run.runId}:-1`, ':3']) await expect(collectEvents(manager.followLogs('train', { after }))).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
  });
});

describe('several sessions', () => {
  test('come as one stream, each in order, and one that is not there is said before anything is shown', async () => {
    const { store, manager } = machine();
    const runs = [await begin(store, 'a1\n', { name: 'a' }), await begin(store, 'b1\n', { name: 'b' })];
    const follower = new Follower(manager, { name: ['a', 'b'] });
    await follower.until(() => follower.events.length === 2);
    append(runs[1]!, 'b2\n');
    await follower.until(() => textOf(follower.events, 'b') === 'b1\nb2\n');
    for (const run of runs) writeExit(run);
    await follower.rest();
    expect(textOf(follower.events, 'a')).toBe('a1\n');
    expect(follower.kinds.filter((kind) => kind === 'ended')).toHaveLength(2);
    const wrong = new Follower(manager, { name: ['a', 'nobody'] });
    await expect(wrong.rest()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    expect(wrong.events).toEqual([]);
  });

  test('all: those that run, and each that starts from then on, from its first byte; of those that ran before, no run is passed over', async () => {
    const { store, manager } = machine();
    await ended(store, 'old news\n', { name: 'old' });
    const first = await begin(store, 'one\n', { name: 'first' });
    const follower = new Follower(manager, { name: 'all' });
    await follower.untilText('one\n');
    const later = await begin(store, 'two\n', { name: 'later' });
    await follower.untilText('two\n');
    await ended(store, 'old again\n', { name: 'old' });
    await ended(store, 'and again\n', { name: 'old' });
    await follower.until(() => textOf(follower.events, 'old').endsWith('and again\n'));
    writeExit(first);
    await follower.until(({ kind, session }) => kind === 'ended' && session === 'first');
    await ended(store, 'three\n', { name: 'first' });
    await follower.until(() => textOf(follower.events, 'first') === 'one\nthree\n');
    writeExit(later);
    await follower.rest();
    expect(textOf(follower.events, 'old')).toBe('old again\nand again\n');
    expect(textOf(follower.events, 'later')).toBe('two\n');
  });

  test('all, not followed: the current run of each', async () => {
    const { store, manager } = machine();
    await ended(store, 'a1\n', { name: 'a' });
    await ended(store, 'a2\n', { name: 'a' });
    await begin(store, 'b1\n', { name: 'b' });
    const events = await collectEvents(manager.followLogsOf('all'));
    expect([textOf(events, 'a'), textOf(events, 'b')]).toEqual(['a2\n', 'b1\n']);
  });

  test('what goes wrong with one is told, and the others go on', async () => {
    const { store, manager } = machine();
    await begin(store, 'a1\n', { name: 'a' });
    const broken = await begin(store, 'b1\n', { name: 'b' });
    const follower = new Follower(manager, { name: ['a', 'b'], since: new Date(0) });
    // Neither has times.
    await follower.until(() => follower.kinds.filter((kind) => kind === 'failed').length === 2);
    await follower.rest();
    expect(follower.events).toMatchObject([{ kind: 'failed', error: { code: 'SESSION_CONFIG' } }, { kind: 'failed' }]);
    writeLog(broken, '');
  });

  test('a reader that goes away ends them all', async () => {
    const { store, manager } = machine();
    await begin(store, 'a1\n', { name: 'a' });
    await begin(store, 'b1\n', { name: 'b' });
    for await (const event of manager.followLogsOf('all', { follow: 'forever' })) if (event.kind === 'output') break;
  });
});

describe('following one start', () => {
  test('shows nothing of the next one, and waits for nobody else', async () => {
    const { store, manager } = machine();
    const first = await ended(store, 'one\n');
    const second = await begin(store, 'two\n');
    const follower = new Follower(manager, { follow: 'attempts', after: `${first.runId}:0` });
    await follower.rest();
    expect([follower.text, follower.kinds]).toEqual(['one\n', ['output', 'ended']]);
    expect(await manager.wait('train', { for: 'exit', runId: first.runId })).toMatchObject({ outcome: 'exited', status: { runId: first.runId } });
    writeExit(second, { exitCode: 7 });
    expect(await manager.wait('train', { for: 'exit' })).toMatchObject({ outcome: 'exited', status: { runId: second.runId, exitCode: 7 } });
    await expect(manager.wait('train', { for: 'exit', runId: newRunId() })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('goes on with the attempts of its own policy', async () => {
    const { store, manager } = machine();
    const first = await begin(store, 'one\n');
    writeExit(first, { exitCode: 1 });
    const second = await ended(store, 'two\n');
    await ended(store, 'three\n');
    symlinkSync(second.runId, join(first.path, 'next'));
    const spec = JSON.parse(readFileSync(join(first.path, 'spec.json'), 'utf8')) as { restart: object };
    writeRecord(first, 'spec.json', { ...spec, restart: { ...spec.restart, mode: 'always' } });
    const follower = new Follower(manager, { follow: 'attempts', after: `${first.runId}:0` });
    await follower.rest();
    expect(follower.text).toBe('one\ntwo\n');
  });
});

describe('after the clock was set back, so that later runs have lower ids', () => {
  const [LOW, MIDDLE, HIGH] = ['A', 'B', 'C'].map((last) => parseRunId(`01J0000000000000000000000${last}`)) as [RunId, RunId, RunId];

  test('the run that was there before does not follow the new one', async () => {
    const { store, manager } = machine();
    await ended(store, 'before\n', { runId: HIGH });
    await ended(store, 'after\n', { runId: LOW });
    const follower = new Follower(manager);
    await follower.rest();
    expect([follower.text, follower.kinds]).toEqual(['after\n', ['output', 'ended']]);
  });

  test('the new run follows the one before, and nothing follows it', async () => {
    const { store, manager } = machine();
    await ended(store, 'one\n', { runId: HIGH });
    await ended(store, 'two\n', { runId: LOW });
    for (const follow of ['until-end', 'no'] as const) {
      const follower = new Follower(manager, { follow, after: `${HIGH}:0` });
      await follower.rest();
      expect(follower.text).toBe('one\ntwo\n');
    }
  });

  test('nor is any shown again where the records do not say which was first', async () => {
    const { store, manager } = machine();
    for (const [text, runId] of [['one\n', HIGH], ['two\n', LOW], ['three\n', MIDDLE]] as const) rmSync(`${(await ended(store, text, { runId })).path}/spec.json`);
    const follower = new Follower(manager, { after: `${LOW}:0` });
    await follower.rest();
    expect(follower.text).toBe('two\nthree\none\n');
  });

  test('a removal in between hides no run', async () => {
    const { store, manager } = machine();
    await ended(store, 'one\n', { runId: HIGH });
    store.forget(await store.claimRemoval(parseSessionName('train')));
    await ended(store, 'two\n', { runId: LOW });
    const follower = new Follower(manager, { after: `${HIGH}:0` });
    await follower.rest();
    expect(follower.text).toBe('one\ntwo\n');
  });

  test('a cursor of a run that was dropped leads to the run that has the name', async () => {
    const { store, manager } = machine();
    await ended(store, 'now\n', { runId: LOW });
    const follower = new Follower(manager, { after: `${HIGH}:0` });
    await follower.rest();
    expect(follower.kinds).toEqual(['forgotten', 'output', 'ended']);
  });

  test('one who follows all sessions sees each run once', async () => {
    const { store, manager } = machine();
    await ended(store, 'before\n', { runId: HIGH });
    const other = await begin(store, '', { name: 'other' });
    const follower = new Follower(manager, { name: 'all' });
    const first = await begin(store, 'one\n', { runId: LOW });
    await follower.untilText('one\n');
    writeExit(first);
    await follower.until(({ kind }) => kind === 'ended');
    const second = await begin(store, 'two\n', { runId: MIDDLE });
    await follower.untilText('two\n');
    writeExit(second);
    await follower.until(({ kind }) => kind === 'ended');
    writeExit(other);
    await follower.rest();
    expect(follower.text).toBe('one\ntwo\n');
  });
});

describe('a session that was not started by Longhaul', () => {
  /** A backend whose log is this list of pieces; an error among them is thrown, and null ends it. */
  class LoggingBackend extends FakeBackend {
    pieces: (string | Error | null)[] = [];
    readonly asked: LogOptions[] = [];

    override async *logs(_name: string, options: LogOptions = {}): AsyncGenerator<LogChunk> {
      this.asked.push(options);
      let endOffset = options.after ?? 0;
      for (let piece = this.pieces.shift(); piece != null; piece = this.pieces.shift()) {
        if (piece instanceof Error) throw piece;
        endOffset += piece.length;
        yield await Promise.resolve({ bytes: Buffer.from(piece), stream: 'stdout', endOffset });
      }
    }
  }

  test('is followed over an engine that goes away and comes back: asked again from where it was', async () => {
    const backend = new LoggingBackend('container', ['byhand']);
    backend.pieces = ['one\n', new BackendUnavailableError('podman', 'the socket is closed'), 'two\n'];
    const { manager } = machine(backend);
    const follower = new Follower(manager, { name: 'byhand', lines: 5 });
    await follower.untilText('two\n');
    backend.sessions = [foreignStatus('byhand', { backend: 'container', state: 'exited' })];
    await follower.rest();
    expect(follower.kinds).toEqual(['output', 'unreachable', 'reached', 'output']);
    expect(backend.asked.slice(0, 2)).toMatchObject([{ lines: 5 }, { after: 4 }]);
  });

  test('and over a container that was made anew: read from its beginning', async () => {
    const backend = new LoggingBackend('container');
    backend.sessions = [foreignStatus('byhand', { backend: 'container', createdAt: '2026-11-22T10:00:00Z' })];
    backend.pieces = ['one\n', null];
    const { manager } = machine(backend);
    const follower = new Follower(manager, { name: 'byhand' });
    await follower.untilText('one\n');
    backend.sessions = [foreignStatus('byhand', { backend: 'container', createdAt: '2026-11-22T11:00:00Z' })];
    backend.pieces.push('anew\n');
    await follower.untilText('anew\n');
    expect(follower.kinds).toEqual(['output', 'began', 'output']);
    expect(backend.asked[1]?.after).toBeUndefined();
  });

  test('not followed, a backend that does not answer is an error', async () => {
    const backend = new LoggingBackend('container', ['byhand']);
    backend.pieces = [new BackendUnavailableError('podman', 'the socket is closed')];
    await expect(collectEvents(machine(backend).manager.followLogs('byhand'))).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
  });
});

async function collectEvents(source: AsyncIterable<SessionLogEvent>): Promise<SessionLogEvent[]> {
  const all: SessionLogEvent[] = [];
  for await (const event of source) all.push(event);
  return all;
}

/** Everything from the first run on. */
async function firstToLast(store: RunStore, manager: SessionManager): Promise<SessionLogEvent[]> {
  const first = (await store.runs()).at(-1);
  return collectEvents(manager.followLogs('train', { after: `${first?.runId ?? ''}:0` }));
}
