import { describe, expect, it } from 'vitest';

import type { Command, ProcessRunner } from '../src/index.ts';
import { succeeded } from '../src/index.ts';

/** What the suite's programs do; each runner brings its own way to make them. */
export interface ConformancePrograms {
  /** Prints `out\n` on stdout, `err\n` on stderr, exits with 3. */
  readonly printsAndExits3: Command;
  /** Copies stdin to stdout, exits with 0. */
  readonly copies: Command;
  /** Prints `ready\n` and waits; ends by the first TERM. */
  readonly waits: Command;
  /** Prints `ready\n` and waits; ignores every signal that can be ignored. */
  readonly ignoresSignals: Command;
  /** Ends itself by SIGUSR1. */
  readonly endsBySignal: Command;
  /** Prints the first byte of `é`, waits for a line on stdin, prints the second and ` café`, without a line end. */
  readonly splitsCharacter: Command;
  /** Prints 200,000 lines `0000000` … `0199999`, exits with 0. */
  readonly prints200000Lines: Command;
  /** Prints `10%`, `20%`, `done` as a progress display does: carriage returns, then a newline. */
  readonly showsProgress: Command;
  /** A program that is not there. */
  readonly missing: Command;
  /** A program that is there and may not be run. */
  readonly forbidden: Command;
}

export interface ConformanceSubject {
  readonly runner: ProcessRunner;
  readonly programs: ConformancePrograms;
}

/** What every ProcessRunner does. */
export function describeProcessRunner(name: string, open: () => ConformanceSubject): void {
  describe(`${name} as a process runner`, () => {
    describeOutcomes(open);
    describeEndings(open);
    describeOutput(open);
    describeInput(open);
    describeLimits(open);
    describeHandles(open);
  });
}

function describeOutcomes(open: () => ConformanceSubject): void {
  it('gives exit code and both outputs, apart', async () => {
    const { runner, programs } = open();
    const outcome = await runner.run(programs.printsAndExits3);
    expect(outcome).toMatchObject({ kind: 'exited', exitCode: 3, program: programs.printsAndExits3.program });
    expect([outcome.stdout.text, outcome.stderr.text]).toEqual(['out\n', 'err\n']);
    expect(outcome.stdout).toMatchObject({ truncated: false, droppedBytes: 0, complete: true });
    expect(outcome.pid).toBeGreaterThan(0);
    expect(succeeded(outcome)).toBe(false);
  });

  it('tells an end by a signal from an exit code', async () => {
    const { runner, programs } = open();
    expect(await runner.run(programs.endsBySignal)).toMatchObject({ kind: 'signalled', signal: 'SIGUSR1' });
  });

  it('says that a program is not there, and that one may not be run', async () => {
    const { runner, programs } = open();
    expect(await runner.run(programs.missing)).toMatchObject({ kind: 'notFound', program: programs.missing.program, pid: null });
    expect(await runner.run(programs.forbidden)).toMatchObject({ kind: 'spawnFailed', errno: 'EACCES', pid: null });
  });

  it('keeps nothing of an output that is ignored', async () => {
    const { runner, programs } = open();
    const outcome = await runner.run({ ...programs.printsAndExits3, stdout: 'ignore' });
    expect([outcome.kind, outcome.stdout.text, outcome.stderr.text]).toEqual(['exited', '', 'err\n']);
  });
}

function describeEndings(open: () => ConformanceSubject): void {
  it('ends a program whose time is over', async () => {
    const { runner, programs } = open();
    const outcome = await runner.run({ ...programs.waits, timeoutMs: 300 });
    expect(outcome).toMatchObject({ kind: 'timedOut', timeoutMs: 300, signal: 'SIGTERM', escalated: false });
  });

  it('kills a program that does not end by the first signal', async () => {
    const { runner, programs } = open();
    const aborter = new AbortController();
    const onLine = (): void => { aborter.abort(new Error('enough')); };
    const outcome = await runner.run({ ...programs.ignoresSignals, signal: aborter.signal, killGraceMs: 50, stdout: { onLine } });
    expect(outcome).toMatchObject({ kind: 'cancelled', started: true, signal: 'SIGKILL', escalated: true, reason: new Error('enough') });
    expect(outcome.stdout.text).toBe('ready\n');
  });

  it('starts nothing when it was cancelled before', async () => {
    const { runner, programs } = open();
    const outcome = await runner.run({ ...programs.waits, signal: AbortSignal.abort('no') });
    expect(outcome).toMatchObject({ kind: 'cancelled', started: false, reason: 'no', pid: null });
  });

  it('ends with the signal that the command names', async () => {
    const { runner, programs } = open();
    const aborter = new AbortController();
    const outcome = await runner.run({ ...programs.waits, killSignal: 'SIGKILL', signal: aborter.signal, stdout: { onLine: () => { aborter.abort(); } } });
    expect(outcome).toMatchObject({ kind: 'cancelled', signal: 'SIGKILL', escalated: false });
  });
}

function describeOutput(open: () => ConformanceSubject): void {
  it('delivers every line in order while a slow reader holds the program back', async () => {
    const { runner, programs } = open();
    let expected = 0;
    let wrong = 0;
    const onLine = async (line: string): Promise<void> => {
      if (line !== String(expected).padStart(7, '0')) wrong += 1;
      expected += 1;
      if (expected % 20_000 === 0) await new Promise((resolve) => { setImmediate(resolve); });
    };
    const outcome = await runner.run({ ...programs.prints200000Lines, stdout: { onLine, maxBytes: 0 } });
    expect([expected, wrong]).toEqual([200_000, 0]);
    expect(outcome.stdout).toMatchObject({ text: '', truncated: true, droppedBytes: 1_600_000, complete: true });
  });

  it('keeps the head or the tail of what is too much, and says how much is gone', async () => {
    const { runner, programs } = open();
    const [head, tail] = await Promise.all([
      runner.run({ ...programs.prints200000Lines, stdout: { maxBytes: 16, keep: 'head' } }),
      runner.run({ ...programs.prints200000Lines, stdout: { maxBytes: 16 } }),
    ]);
    expect(head.stdout).toMatchObject({ text: '0000000\n0000001\n', droppedBytes: 1_599_984, truncated: true });
    expect(tail.stdout).toMatchObject({ text: '0199998\n0199999\n', droppedBytes: 1_599_984, truncated: true });
  });

  it('keeps a character whole that comes in two pieces, and a last line without an end', async () => {
    const { runner, programs } = open();
    const lines: string[] = [];
    let first: (() => void) | null = null;
    const firstPiece = new Promise<void>((resolve) => { first = resolve; });
    const stdout = { onLine: (line: string): void => void lines.push(line), onChunk: (): void => { first?.(); } };
    await using running = await runner.spawn({ ...programs.splitsCharacter, stdin: 'pipe', stdout });
    await firstPiece;
    await running.stdin?.write('go\n');
    const outcome = await running.outcome;
    expect([lines, outcome.stdout.text]).toEqual([['é café'], 'é café']);
  });

  it('takes carriage returns for line ends where that is asked for', async () => {
    const { runner, programs } = open();
    const lines: string[] = [];
    const onLine = (line: string): void => void lines.push(line);
    await runner.run({ ...programs.showsProgress, stdout: { onLine, lineEnd: 'newline-or-return' } });
    await runner.run({ ...programs.showsProgress, stdout: { onLine } });
    expect(lines).toEqual(['10%', '20%', 'done', '10%\r20%\rdone']);
  });

  it('ends the program and rejects when a function of the caller throws', async () => {
    const { runner, programs } = open();
    const onLine = (): never => { throw new RangeError('cannot read this'); };
    await expect(runner.run({ ...programs.waits, stdout: { onLine } })).rejects.toThrow(new RangeError('cannot read this'));
  });
}

function describeInput(open: () => ConformanceSubject): void {
  it('feeds text, bytes and pieces', async () => {
    const { runner, programs } = open();
    const pieces = function* (): Generator<string | Uint8Array> { yield 'grü'; yield Buffer.from('ße'); };
    const outcomes = await Promise.all([
      runner.run({ ...programs.copies, stdin: { text: 'grüße' } }),
      runner.run({ ...programs.copies, stdin: { bytes: Buffer.from('grüße') } }),
      runner.run({ ...programs.copies, stdin: { chunks: pieces() } }),
      runner.run(programs.copies),
    ]);
    expect(outcomes.map((outcome) => outcome.stdout.text)).toEqual(['grüße', 'grüße', 'grüße', '']);
  });

  it('passes a megabyte through a program that reads and writes at once', async () => {
    const { runner, programs } = open();
    const text = 'lorem ipsum\n'.repeat(90_000);
    const outcome = await runner.run({ ...programs.copies, stdin: { text } });
    expect(outcome.stdout.text === text).toBe(true);
  });

  it('does not mind a program that ends without reading its input', async () => {
    const { runner, programs } = open();
    const outcome = await runner.run({ ...programs.printsAndExits3, stdin: { text: 'x'.repeat(1_000_000) } });
    expect(outcome).toMatchObject({ kind: 'exited', exitCode: 3 });
  });

  it('ends the program and rejects when the input of the caller fails', async () => {
    const { runner, programs } = open();
    const chunks = function* (): Generator<string> { yield 'a'; throw new RangeError('no more'); };
    await expect(runner.run({ ...programs.copies, stdin: { chunks: chunks() } })).rejects.toThrow(new RangeError('no more'));
  });
}

function describeLimits(open: () => ConformanceSubject): void {
  it('does not hang where run is asked for pipes, which nobody could use', async () => {
    const { runner, programs } = open();
    expect(await runner.run({ ...programs.copies, stdin: 'pipe', stdout: 'pipe' })).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(await runner.run({ ...programs.prints200000Lines, stdout: 'pipe' })).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  it('takes a limit that is longer than a timer of Node', async () => {
    const { runner, programs } = open();
    const limits = { timeoutMs: 2 ** 40, killGraceMs: 2 ** 40 };
    expect(await runner.run({ ...programs.printsAndExits3, ...limits })).toMatchObject({ kind: 'exited', exitCode: 3 });
    const running = await runner.spawn({ ...programs.waits, ...limits });
    expect(await running.end()).toMatchObject({ kind: 'cancelled', escalated: false });
  });

  it('serves many programs under one signal', async () => {
    const { runner, programs } = open();
    const aborter = new AbortController();
    const outcomes = Array.from({ length: 30 }, () => runner.run({ ...programs.waits, signal: aborter.signal }));
    aborter.abort('all of you');
    expect((await Promise.all(outcomes)).map((outcome) => outcome.kind)).toEqual(Array.from({ length: 30 }, () => 'cancelled'));
  });
}

function describeHandles(open: () => ConformanceSubject): void {
  it('lets the caller write and read by itself', async () => {
    const { runner, programs } = open();
    await using running = await runner.spawn({ ...programs.copies, stdin: 'pipe', stdout: 'pipe' });
    await running.stdin?.write('one\ntw');
    await running.stdin?.write('o\nthree');
    await running.stdin?.end();
    const lines: string[] = [];
    for await (const line of running.stdout?.lines() ?? []) lines.push(line);
    expect(lines).toEqual(['one', 'two', 'three']);
    expect(await running.outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  it('loses nothing of a short program that is read late', async () => {
    const { runner, programs } = open();
    await using running = await runner.spawn({ ...programs.printsAndExits3, stdout: 'pipe' });
    expect(await running.outcome).toMatchObject({ kind: 'exited', exitCode: 3 });
    const lines: string[] = [];
    for await (const line of running.stdout?.lines() ?? []) lines.push(line);
    expect(lines).toEqual(['out']);
  });

  it('takes signals, and says when there is nobody left to take them', async () => {
    const { runner, programs } = open();
    await using running = await runner.spawn({ ...programs.waits, stdout: 'pipe' });
    expect(await running.stdout?.lines()[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 'ready' });
    expect(running.kill('SIGTERM')).toBe(true);
    expect(await running.outcome).toMatchObject({ kind: 'signalled', signal: 'SIGTERM' });
    expect(running.kill('SIGTERM')).toBe(false);
  });

  it('ends the program when its handle is disposed of, and a second time does no harm', async () => {
    const { runner, programs } = open();
    const running = await runner.spawn(programs.waits);
    await running[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
    expect(await running.outcome).toMatchObject({ kind: 'cancelled', reason: 'disposed' });
  });

  it('gives a handle for a program that could not be started', async () => {
    const { runner, programs } = open();
    await using running = await runner.spawn({ ...programs.missing, stdin: 'pipe', stdout: 'pipe' });
    expect([running.pid, running.stdin, running.stdout, running.kill('SIGTERM')]).toEqual([null, null, null, false]);
    expect(await running.end()).toMatchObject({ kind: 'notFound' });
  });

  it('says of a detached program that it started, or why not', async () => {
    const { runner, programs } = open();
    const { program, args } = programs.missing;
    expect(await runner.detach({ program, args })).toMatchObject({ kind: 'notFound', program });
    expect(await runner.detach({ program: programs.printsAndExits3.program, args: programs.printsAndExits3.args })).toMatchObject({ kind: 'started' });
  });
}
