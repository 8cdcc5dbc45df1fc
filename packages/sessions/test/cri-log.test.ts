import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ContainerSpec, LogChunk, RunDirectory, RunLogNotice } from '../src/index.ts';
import { readRunLog } from '../src/index.ts';
import { capLog } from '../src/log/cap-log.ts';
import { criStretches, parseCriEntry } from '../src/log/cri-entry.ts';
import { readDropped } from '../src/log/dropped-range.ts';
import { collect, mortalWorld, next, play } from './support/logs.ts';
import { prepared, specOf, temporaryStore, writeExit } from './support/temporary-store.ts';

interface Entry {
  readonly stream: 'stdout' | 'stderr';
  readonly isLine: boolean;
  readonly bytes: Uint8Array;
}

const CONTAINER: ContainerSpec = { image: 'x', runtime: null, pull: 'never', volumes: [], ports: [], logVolume: null, workingDir: null, terminal: 'no', init: 'auto', memoryBytes: null, cpus: null, network: null, envNames: [] };
const START = Date.parse('2026-11-22T04:00:00Z');
const timeOf = (index: number): string => new Date(START + index * 1000).toISOString().replace('Z', '123456Z');
const lineOf = ({ stream, isLine, bytes }: Entry, index: number): Buffer => Buffer.concat([Buffer.from(`${timeOf(index)} ${stream} ${isLine ? 'F' : 'P'} `), bytes, Buffer.from('\n')]);
const ownBytes = ({ isLine, bytes }: Entry): Buffer => Buffer.concat([bytes, Buffer.from(isLine ? '\n' : '')]);
const outputOf = (entries: readonly Entry[], stream?: Entry['stream']): Buffer => Buffer.concat(entries.filter((entry) => stream === undefined || entry.stream === stream).map(ownBytes));

const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => all.filter((byte) => byte !== 0x0a));
const long = fc.constant(Buffer.alloc(16_000, 'x'));
const entry: fc.Arbitrary<Entry> = fc.record({ stream: fc.constantFrom('stdout', 'stderr'), isLine: fc.boolean(), bytes: fc.oneof({ arbitrary: bytes, weight: 6 }, { arbitrary: long, weight: 1 }) });
const entries = fc.array(entry, { maxLength: 30 });

async function containerRun(): Promise<RunDirectory> {
  return prepared(temporaryStore(), specOf({ backend: 'container' }));
}

function write(run: RunDirectory, all: readonly Entry[]): void {
  writeFileSync(join(run.path, 'output.cri'), Buffer.concat(all.map(lineOf)));
}

async function read(run: RunDirectory, options: Parameters<typeof readRunLog>[1] = {}): Promise<{ readonly output: Buffer; readonly chunks: readonly LogChunk[]; readonly notices: readonly RunLogNotice[] }> {
  const notices: RunLogNotice[] = [];
  const chunks = await collect(readRunLog(run, options, { world: mortalWorld().world, onNotice: (notice) => notices.push(notice) }));
  return { output: Buffer.concat(chunks.map((chunk) => chunk.bytes)), chunks, notices };
}

describe('the times of a container\'s log', () => {
  test('are those of its entries, one piece for each', async () => {
    await fc.assert(fc.asyncProperty(entries, async (all) => {
      const run = await containerRun();
      write(run, all);
      writeExit(run);
      const { chunks, output } = await read(run, { times: 'yes' });
      expect(output.equals(outputOf(all))).toBe(true);
      const shown = all.flatMap((one, index) => (ownBytes(one).length === 0 ? [] : [index]));
      expect(chunks.map(({ at }) => at)).toEqual(shown.map((index) => new Date(START + index * 1000).toISOString()));
    }), { numRuns: 30 });
  });
});

describe('an entry', () => {
  test('is what stands behind its time, its stream and its tag, byte for byte', () => {
    fc.assert(fc.property(entry, (one) => {
      const parsed = parseCriEntry(lineOf(one, 3));
      expect(parsed).toMatchObject({ time: timeOf(3), stream: one.stream, isLine: one.isLine });
      expect(parsed.bytes.equals(ownBytes(one))).toBe(true);
    }));
  });

  test.each(['', 'x\n', 'half an ent', '2026-11-22T04:00:00Z stdlog F x\n'])('that is none is shown as it is: %j', (line) => {
    expect(parseCriEntry(Buffer.from(line)).bytes.toString()).toBe(line);
  });

  test('that was torn lost its end', () => {
    const torn = lineOf({ stream: 'stderr', isLine: true, bytes: Buffer.from('hello') }, 0).subarray(0, -3);
    expect(parseCriEntry(torn)).toMatchObject({ stream: 'stderr', isLine: false, bytes: Buffer.from('hel') });
  });

  test('is never cut by the edge of a block', () => {
    fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), fc.nat(), (all, cut) => {
      const file = Buffer.concat(all.map(lineOf));
      const block = file.subarray(0, lineOf(all[0]!, 0).length + (cut % file.length));
      const end = criStretches(block).at(-1)?.end ?? 0;
      const output = Buffer.concat([...criStretches(block), ...criStretches(file.subarray(end))].map((stretch) => stretch.bytes));
      expect(output.equals(outputOf(all))).toBe(true);
    }));
  });
});

describe('the log of a container', () => {
  test('is what the job printed, both streams in order, each told', async () => {
    const run = await containerRun();
    writeExit(run);
    await fc.assert(fc.asyncProperty(entries, async (all) => {
      write(run, all);
      const whole = await read(run);
      expect(whole.output.equals(outputOf(all))).toBe(true);
      for (const stream of ['stdout', 'stderr'] as const) {
        expect(Buffer.concat(whole.chunks.filter((chunk) => chunk.stream === stream).map((chunk) => chunk.bytes)).equals(outputOf(all, stream))).toBe(true);
        expect((await read(run, { stream })).output.equals(outputOf(all, stream))).toBe(true);
      }
    }));
  });

  test('is taken up behind any piece of it', async () => {
    const run = await containerRun();
    writeExit(run);
    await fc.assert(fc.asyncProperty(entries, fc.nat(), async (all, pick) => {
      write(run, all);
      const { chunks, output } = await read(run);
      const index = chunks.length === 0 ? 0 : pick % chunks.length;
      const first = Buffer.concat(chunks.slice(0, index + 1).map((chunk) => chunk.bytes));
      const rest = await read(run, { after: chunks[index]?.endOffset ?? 0 });
      expect(Buffer.concat([first, rest.output]).equals(output)).toBe(true);
    }), { numRuns: 60 });
  });

  test('has the same last lines as a plain split, of one stream too', async () => {
    const run = await containerRun();
    writeExit(run);
    await fc.assert(fc.asyncProperty(entries, fc.integer({ min: 0, max: 6 }), async (all, lines) => {
      write(run, all);
      const only = all.filter(({ stream }) => stream === 'stderr');
      expect((await read(run, { stream: 'stderr', lines })).output.equals(lastLines(outputOf(only), lines))).toBe(true);
      const merged = all.map((one) => ({ ...one, stream: 'stdout' as const }));
      write(run, merged);
      expect((await read(run, { lines })).output.equals(lastLines(outputOf(merged), lines))).toBe(true);
    }));
  });

  test('is shown since a moment, however long it is', async () => {
    const run = await containerRun();
    writeExit(run);
    const many = fc.array(fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), isLine: fc.constant(true), bytes: fc.constantFrom(Buffer.from('a'), Buffer.alloc(9000, 'b')) }), { maxLength: 60 });
    await fc.assert(fc.asyncProperty(many, fc.integer({ min: -2, max: 62 }), async (all, index) => {
      write(run, all);
      const since = new Date(START + index * 1000);
      expect((await read(run, { since })).output.equals(outputOf(all.slice(Math.max(0, index))))).toBe(true);
    }), { numRuns: 60 });
  });

  test('of a container with a terminal is one stream, which nobody can take apart', async () => {
    const run = await prepared(temporaryStore(), specOf({ backend: 'container', container: { ...CONTAINER, terminal: 'yes' } }));
    writeExit(run);
    write(run, [{ stream: 'stdout', isLine: true, bytes: Buffer.from('x\r') }]);
    expect((await read(run)).chunks).toMatchObject([{ stream: 'terminal', bytes: Buffer.from('x\r\n') }]);
    await expect(read(run, { stream: 'stderr' })).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
  });

  test('is followed entry by entry; one that is half written is waited for', async () => {
    const run = await containerRun();
    play(run);
    const file = join(run.path, 'output.cri');
    const chunks = readRunLog(run, { follow: true }, mortalWorld());
    const line = lineOf({ stream: 'stdout', isLine: true, bytes: Buffer.from('first') }, 0);
    writeFileSync(file, line.subarray(0, 50));
    await new Promise(setImmediate);
    appendFileSync(file, line.subarray(50));
    expect(await next(chunks)).toBe('first\n');
    appendFileSync(file, lineOf({ stream: 'stderr', isLine: false, bytes: Buffer.from('> ') }, 1));
    const prompt = await chunks.next();
    expect(prompt.value).toMatchObject({ stream: 'stderr', bytes: Buffer.from('> ') });
    writeExit(run);
    expect(await chunks.next()).toMatchObject({ done: true });
  });

  test('is capped at whole entries, and the sum of what is gone is kept for who copies it', async () => {
    const run = await containerRun();
    play(run);
    const all = Array.from({ length: 5000 }, (_, index): Entry => ({ stream: index % 3 === 0 ? 'stderr' : 'stdout', isLine: true, bytes: Buffer.from(`line ${String(index)}`) }));
    write(run, all);
    expect(await capLog(run, { maxBytes: 100_000, punch: async () => Promise.resolve({ kind: 'punched' }) })).toMatchObject({ kind: 'capped', from: 0 });
    const dropped = readDropped(run.path);
    const { output, notices } = await read(run);
    const gone = all.length - output.toString().split('\n').length + 1;
    expect(output.equals(outputOf(all.slice(gone)))).toBe(true);
    expect(dropped?.entries).toEqual({ stdout: outputOf(all.slice(0, gone), 'stdout').length, stderr: outputOf(all.slice(0, gone), 'stderr').length });
    expect(notices).toEqual([{ kind: 'dropped', from: 0, to: dropped?.to }]);
    expect((await read(run, { lines: 5000 - gone })).notices).toEqual([]);
    expect((await read(run, { lines: 5001 - gone })).notices).toHaveLength(1);
    expect((await read(run, { since: new Date(START + (gone + 1) * 1000) })).notices).toEqual([]);
    expect((await read(run, { since: new Date(START) })).notices).toHaveLength(1);
  });
});

/** The last lines of a text; one without its end counts. */
function lastLines(text: Buffer, count: number): Buffer {
  const parts = text.toString('latin1').split(/(?<=\n)/);
  return Buffer.from(count === 0 ? '' : parts.slice(-count).join(''), 'latin1');
}
