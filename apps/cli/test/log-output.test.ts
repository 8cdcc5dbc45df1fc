import { Writable } from 'node:stream';

import { formatCursor, newRunId } from '@longhaul/sessions';
import type { SessionLogEvent } from '@longhaul/sessions';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { incompleteTail } from '../src/output/json-log-writer.ts';
import { noticeText } from '../src/output/log-notice.ts';
import type { LogStyle } from '../src/output/log-style.ts';
import { logWriter } from '../src/output/log-writer.ts';
import { Printer } from '../src/output/printer.ts';

const runId = newRunId();

/** What a writer makes of these events. */
async function written(events: readonly SessionLogEvent[], style: Partial<LogStyle> = {}, { format = 'human', env = {} }: { readonly format?: 'human' | 'json'; readonly env?: Record<string, string> } = {}): Promise<{ readonly stdout: string; readonly bytes: Buffer; readonly stderr: string }> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  const sink = (chunks: Buffer[]): NodeJS.WriteStream =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(Buffer.from(chunk));
        done();
      },
    }) as unknown as NodeJS.WriteStream;
  const writer = logWriter(new Printer({ stdout: sink(out), stderr: sink(err), env, format }), { form: 'raw', prefix: 'none', names: [], ...style });
  for (const event of events) await writer.write(event);
  await writer.end();
  return { stdout: Buffer.concat(out).toString(), bytes: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}

function output(session: string, bytes: string | Uint8Array, { endOffset = 0, stream = 'terminal' as const, at }: { readonly endOffset?: number; readonly stream?: 'terminal' | 'stdout' | 'stderr'; readonly at?: string } = {}): SessionLogEvent {
  return { kind: 'output', session, runId, cursor: formatCursor({ runId, offset: endOffset }), chunk: { bytes: Buffer.from(bytes), stream, endOffset, offsets: 'bytes', ...(at === undefined ? {} : { at }) } };
}

/** The pieces of one run of a job, with their offsets. */
function inPieces(session: string, bytes: Buffer, cuts: readonly number[]): SessionLogEvent[] {
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, index) => output(session, bytes.subarray(points[index], end), { endOffset: end }));
}

describe('one session', () => {
  it('raw is byte for byte what the job printed', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.array(fc.nat(), { maxLength: 5 }), async (bytes, cuts) => {
      expect((await written(inPieces('a', Buffer.from(bytes), cuts))).bytes.equals(Buffer.from(bytes))).toBe(true);
    }));
  });

  it('with times: each line begins with the moment of its first byte, one without a moment with a dash', async () => {
    const [one, two] = ['2026-11-22T10:00:00.000Z', '2026-11-22T10:00:01.500Z'];
    const events = [output('a', 'first\r\nsec', { at: one }), output('a', 'ond\r\nthird\n', { at: two }), output('a', 'fourth')];
    expect((await written(events, { times: 'line' })).stdout).toBe(`${one} first\n${one} second\n${two} third\n${'-'.padEnd(one.length)} fourth\n`);
    expect((await written(events.slice(0, 1), { times: 'line', prefix: 'name', names: ['a'] })).stdout).toBe(`a | ${one} first\na | ${one} sec\n`);
    expect((await written(events.slice(1, 2), {}, { format: 'json' })).stdout).toContain(`"stream":"terminal","at":"${two}","text":"ond`);
  });

  it('what is missing is said on stderr, and nothing of it on stdout', async () => {
    const { stdout, stderr } = await written([{ kind: 'dropped', session: 'a', runId, from: 100, to: 123_000_100 }, output('a', 'kept\n')]);
    expect(stdout).toBe('kept\n');
    expect(stderr).toBe('longhaul: … 123 MB of older output of a were dropped: its log is limited\n');
  });

  it('says where output may be missing, before what came after it', async () => {
    const { stdout, stderr } = await written([output('a', 'one\n'), { kind: 'gap', session: 'a', runId, from: '2026-11-22T10:00:00.000Z', to: null, reason: 'the engine was away' }, output('a', 'two\n')]);
    expect(stdout).toBe('one\ntwo\n');
    expect(stderr).toBe('longhaul: output of a may be missing from 2026-11-22T10:00:00.000Z: the engine was away\n');
  });

  it('plain: the last line of an attempt is not glued to the first of the next', async () => {
    const before = { runId, attempt: 1, exitCode: 1, signal: null, reason: 'exit' as const, stoppedBy: null };
    const { stdout, stderr } = await written([output('a', 'half'), { kind: 'began', session: 'a', runId, attempt: 2, before }, output('a', 'whole\n')], { form: 'plain' });
    expect(stdout).toBe('halfwhole\n');
    expect(stderr).toBe('longhaul: a: attempt 2 began (exit 1 before)\n');
  });
});

describe('several sessions', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ä', '日', '🚀', ' ', '|'), maxLength: 12 });

  it('lines of different sessions are never mixed within a line, and those of one stay in order', async () => {
    const lines = fc.array(line, { minLength: 1, maxLength: 8 });
    await fc.assert(fc.asyncProperty(lines, lines, fc.array(fc.nat(), { maxLength: 20 }), fc.infiniteStream(fc.boolean()), async (ours, theirs, cuts, turns) => {
      const queues = [inPieces('one', Buffer.from(ours.join('\n') + '\n'), cuts), inPieces('three', Buffer.from(theirs.join('\r\n') + '\r\n'), cuts)];
      const events: SessionLogEvent[] = [];
      while (queues.some((queue) => queue.length > 0)) {
        const left = queues.filter((queue) => queue.length > 0);
        events.push(...((turns.next().value === true ? left[0] : left.at(-1))?.splice(0, 1) ?? []));
      }
      const { stdout } = await written(events, { prefix: 'name', names: ['one', 'three'] });
      const shown = stdout.split('\n').slice(0, -1);
      expect(shown.filter((text) => text.startsWith('one   | ')).map((text) => text.slice(8))).toEqual(ours);
      expect(shown.filter((text) => text.startsWith('three | ')).map((text) => text.slice(8))).toEqual(theirs);
      expect(shown).toHaveLength(ours.length + theirs.length);
    }));
  });

  it('colours of a line stay and end with it; what moves the cursor goes, and a bar is shown in its last state', async () => {
    const { stdout } = await written([output('a', '\u001b[31mred\u001b[2J\u001b[5;5H!\r\n10%\r\u001b[K20%\r\n')], { prefix: 'name', names: ['a'] });
    expect(stdout).toBe('a | \u001b[31mred!\u001b[0m\na | 20%\n');
  });

  it('each has its own colour where there are colours', async () => {
    const { stdout } = await written([output('a', 'x\n'), output('b', 'y\n'), output('a', 'z\n')], { prefix: 'name', names: ['a', 'b'] }, { env: { FORCE_COLOR: '1' } });
    expect(stdout).toBe('\u001b[36ma | \u001b[39mx\n\u001b[33mb | \u001b[39my\n\u001b[36ma | \u001b[39mz\n');
  });

  it('a line that has no end yet is given out when its session ends, not into the line of another', async () => {
    const before = { runId, attempt: 1, exitCode: 0, signal: null, reason: 'exit' as const, stoppedBy: null };
    const { stdout } = await written([output('a', 'ha'), output('b', 'other\n'), output('a', 'lf'), { kind: 'ended', session: 'a', runId, before }, output('b', 'last')], { prefix: 'name', names: ['a', 'b'] });
    expect(stdout).toBe('b | other\na | half\nb | last\n');
  });

  it('stdout and stderr of one session are lines of their own', async () => {
    const { stdout } = await written([output('a', 'out ', { stream: 'stdout' }), output('a', 'err\n', { stream: 'stderr' }), output('a', 'put\n', { stream: 'stdout' })], { prefix: 'name', names: ['a'] });
    expect(stdout).toBe('a | err\na | out put\n');
  });

  it('a name cannot draw on the screen', async () => {
    expect((await written([output('\u001b[2Jx', 'y\n')], { prefix: 'name' })).stdout).toBe('\\u{1b}[2Jx | y\n');
  });
});

interface LogRecord {
  readonly type: string;
  readonly session: string;
  readonly runId: string;
  readonly cursor: string;
  readonly stream: string;
  readonly text: string;
  readonly base64?: string;
  readonly endOffset: number;
}

describe('as NDJSON', () => {
  const records = async (events: readonly SessionLogEvent[], style: Partial<LogStyle> = {}): Promise<readonly LogRecord[]> =>
    (await written(events, style, { format: 'json' })).stdout.split('\n').slice(0, -1).map((text) => JSON.parse(text) as LogRecord);

  it('loses no byte, tears no character, and each cursor stands right behind its text', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text))), fc.array(fc.nat(), { maxLength: 6 }), async (raw, cuts) => {
      const bytes = Buffer.from(raw);
      const isText = bytes.equals(Buffer.from(bytes.toString()));
      let read = Buffer.alloc(0);
      for (const record of await records(inPieces('a', bytes, cuts))) {
        expect(record).toMatchObject({ type: 'log', session: 'a', runId, stream: 'terminal' });
        read = Buffer.concat([read, record.base64 === undefined ? Buffer.from(record.text) : Buffer.from(record.base64, 'base64')]);
        expect(record.cursor).toBe(`${runId}:${String(read.length)}`);
        if (isText) expect(record.base64).toBeUndefined();
      }
      expect(read.equals(bytes)).toBe(true);
    }));
  });

  it('plain text comes in whole lines, and behind each cursor the next line begins', async () => {
    const bytes = Buffer.from('one\r\ntwo \u001b[31mred\u001b[0m\r\nthree');
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(), { maxLength: 6 }), async (cuts) => {
      const all = await records(inPieces('a', bytes, cuts), { form: 'plain' });
      expect(all.map(({ text }) => text).join('')).toBe('one\ntwo red\nthree');
      for (const { cursor } of all) expect([5, bytes.indexOf('three'), bytes.length]).toContain(Number(cursor.split(':')[1]));
    }));
  });

  it('what is missing and what becomes of the session are records too', async () => {
    const error = new Error('away');
    const all = await records([{ kind: 'dropped', session: 'a', runId, from: 1, to: 9 }, { kind: 'failed', session: 'b', runId: null, error }]);
    expect(all).toMatchObject([{ type: 'notice', kind: 'dropped', from: 1, to: 9 }, { type: 'notice', kind: 'failed', session: 'b', error: { code: 'INTERNAL' } }]);
  });

  it('knows how much of a character is there', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), (text, cut) => {
      const bytes = Buffer.from(text).subarray(0, 1 + (cut % Buffer.from(text).length));
      const whole = bytes.subarray(0, bytes.length - incompleteTail(bytes));
      expect(Buffer.from(whole.toString()).equals(whole)).toBe(true);
      expect(bytes.length - whole.length).toBeLessThan(4);
    }));
  });
});

it('says in one line each what a reader should know', () => {
  const before = { runId, attempt: 1, exitCode: 1, signal: null, reason: 'exit' as const, stoppedBy: null };
  const about = { session: 'train', runId } as const;
  const now = Date.parse('2026-11-22T10:00:00Z');
  const texts = [
    { ...about, kind: 'restarting', attempt: 3, at: '2026-11-22T10:00:08Z', before } as const,
    { ...about, kind: 'began', attempt: 1, before: { ...before, exitCode: null, signal: 'SIGKILL', reason: 'signal' } } as const,
    { ...about, kind: 'ended', before: { ...before, exitCode: 130, reason: 'stopped' } } as const,
    { ...about, kind: 'truncated', from: 5, to: null } as const,
  ].map((event) => noticeText(event, now));
  expect(texts).toEqual(['train: exit 1; attempt 3 begins in 8s', 'train: a new run began (killed SIGKILL before)', 'train: stopped 130', 'the log of train was cut by somebody else: output is missing here']);
});
