import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { RunDirectory, RunLogEvent } from '../src/index.ts';
import { lossesOf } from '../src/index.ts';
import { readRunLogEvents } from '../src/log/run-log-events.ts';
import type { RunLogOptions } from '../src/log/run-log-options.ts';
import { mortalWorld } from './support/logs.ts';
import { prepared, specOf, temporaryStore, writeExit } from './support/temporary-store.ts';

const line = (text: string): string => `2026-11-22T10:00:00.000000000Z stdout F ${text}\n`;

/** A container's run with these lines. */
async function containerRun(...lines: readonly string[]): Promise<RunDirectory> {
  const run = await prepared(temporaryStore(), specOf({ backend: 'container' }));
  for (const text of lines) appendFileSync(join(run.path, 'output.cri'), line(text));
  return run;
}

function note(run: RunDirectory, gap: { readonly at: number | null; readonly why: string; readonly to?: string | null }): void {
  appendFileSync(join(run.path, 'gaps'), `${JSON.stringify({ schemaVersion: 1, from: '2026-11-22T10:00:01.000Z', to: '2026-11-22T10:00:03.000Z', ...gap })}\n`);
}

const notice = (reason: RegExp): unknown => ({ kind: 'gap', from: '2026-11-22T10:00:01.000Z', to: '2026-11-22T10:00:03.000Z', reason: expect.stringMatching(reason) as unknown });

/** The job's output as text, and notices as they are, in order. */
async function told(run: RunDirectory, options: RunLogOptions = {}): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for await (const event of readRunLogEvents(run, options, mortalWorld().world)) all.push(shown(event));
  return all;
}

function shown(event: RunLogEvent): unknown {
  return event.kind === 'output' ? Buffer.from(event.chunk.bytes).toString() : event;
}

test('a gap is told before what was printed after it', async () => {
  const run = await containerRun('one', 'two');
  note(run, { at: line('one').length, why: 'engine-away' });
  writeExit(run);
  // Each entry in a piece of its own.
  expect(await told(run, { times: 'yes' })).toEqual(['one\n', notice(/^the engine was away/), 'two\n']);
  expect(lossesOf(run)).toEqual([notice(/^the engine was away/)]);
});

test('a gap at the end is told at the end, and so is one after which nothing was written', async () => {
  const run = await containerRun('one');
  note(run, { at: line('one').length, why: 'engine-away-at-end' });
  note(run, { at: null, why: 'log-writer-killed' });
  writeExit(run);
  expect(await told(run)).toEqual(['one\n', notice(/when the job ended/), notice(/^what writes the log/)]);
});

test('a log that never had a line has its gap all the same', async () => {
  const run = await containerRun();
  note(run, { at: 0, why: 'container-gone' });
  writeExit(run);
  expect(await told(run)).toEqual([notice(/container was removed/)]);
});

test('a reader that goes on behind a gap is not told of it again, nor one that asks for a later time', async () => {
  const run = await containerRun('one', 'two', 'three');
  note(run, { at: line('one').length, why: 'engine-away' });
  writeExit(run);
  expect(await told(run, { after: line('one').length + line('two').length })).toEqual(['three\n']);
  expect(await told(run, { after: line('one').length })).toEqual([notice(/engine/), 'two\nthree\n']);
  expect(await told(run, { since: new Date('2026-11-22T11:00:00Z') })).toEqual([]);
});

test('a follower is told once, when it happens', async () => {
  const run = await containerRun('one');
  const all: unknown[] = [];
  for await (const event of readRunLogEvents(run, { follow: true }, mortalWorld().world)) {
    all.push(shown(event));
    if (all.length === 1) {
      note(run, { at: line('one').length, why: 'engine-away' });
      appendFileSync(join(run.path, 'output.cri'), line('two'));
    }
    if (all.length === 3) writeExit(run);
  }
  expect(all).toEqual(['one\n', notice(/engine/), 'two\n']);
});

test('a follower that looks while a gap is being written down is told of it as it is', async () => {
  const run = await containerRun('one');
  writeFileSync(join(run.path, 'gaps'), '');
  const all: unknown[] = [];
  for await (const event of readRunLogEvents(run, { follow: true }, mortalWorld().world)) {
    all.push(shown(event));
    if (all.length === 1) appendFileSync(join(run.path, 'output.cri'), line('two'));
    if (all.length === 2) {
      note(run, { at: line('one').length + line('two').length, why: 'engine-away' });
      appendFileSync(join(run.path, 'output.cri'), line('three'));
    }
    if (all.length === 4) writeExit(run);
  }
  expect(all).toEqual(['one\n', 'two\n', notice(/engine/), 'three\n']);
});

test('a record that cannot be read is a gap too, and a reason that is not known is told as it is', async () => {
  const run = await containerRun('one');
  writeFileSync(join(run.path, 'gaps'), '{"at":0,"fr\n{"at":0,"from":"when","to":null,"why":"something newer"}\n');
  writeExit(run);
  expect(lossesOf(run)).toEqual([
    { kind: 'gap', from: null, to: null, reason: 'the record of it cannot be read' },
    { kind: 'gap', from: null, to: null, reason: 'something newer' },
  ]);
  // On a full disk.
  writeFileSync(join(run.path, 'gaps'), '');
  expect(lossesOf(run)).toMatchObject([{ kind: 'gap' }]);
});
