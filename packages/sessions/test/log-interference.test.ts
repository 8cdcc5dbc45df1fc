import { closeSync, ftruncateSync, openSync, renameSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { RunDirectory, RunLogEvent } from '../src/index.ts';
import { readRunLogEvents } from '../src/log/run-log-events.ts';
import { FOOTER, HEADER, logOf, mortalWorld, play } from './support/logs.ts';
import { prepared, temporaryStore, writeExit } from './support/temporary-store.ts';

/** A job whose log is written as script(1) does, at its own place, or as `>>` does, at the end. */
class Writer {
  readonly #fd: number;
  readonly #how: 'in place' | 'at the end';
  #at = 0;

  constructor(run: RunDirectory, how: 'in place' | 'at the end') {
    this.#fd = openSync(logOf(run), how === 'in place' ? 'w' : 'a');
    this.#how = how;
    onTestFinished(() => {
      closeSync(this.#fd);
    });
  }

  write(text: string): void {
    this.#at += this.#how === 'in place' ? writeSync(this.#fd, text, this.#at) : writeSync(this.#fd, text);
  }
}

/** Follows a run; what it is given is text, or the kind of a notice in brackets. */
class Follower {
  readonly #events: AsyncGenerator<RunLogEvent>;
  readonly notices: RunLogEvent[] = [];
  text = '';

  constructor(run: RunDirectory, follow: 'follow' | 'once' = 'follow') {
    const stop = new AbortController();
    onTestFinished(async () => {
      stop.abort();
      await this.#events.return(undefined);
    });
    this.#events = readRunLogEvents(run, { follow: follow === 'follow', signal: stop.signal }, mortalWorld().world);
  }

  async untilText(end: string): Promise<void> {
    while (!this.text.endsWith(end)) if (!(await this.#step())) throw new Error(`the log ended with ${JSON.stringify(this.text)}`);
  }

  async rest(): Promise<void> {
    while (await this.#step());
  }

  async #step(): Promise<boolean> {
    const next: IteratorResult<RunLogEvent, unknown> = await this.#events.next();
    if (next.done === true) return false;
    if (next.value.kind === 'output') this.text += Buffer.from(next.value.chunk.bytes).toString();
    else {
      this.text += `[${next.value.kind}]`;
      this.notices.push(next.value);
    }
    return true;
  }
}

async function living(how: 'in place' | 'at the end'): Promise<{ readonly run: RunDirectory; readonly job: Writer }> {
  const run = await prepared(temporaryStore());
  play(run);
  const job = new Writer(run, how);
  job.write(HEADER);
  return { run, job };
}

describe.each(['in place', 'at the end'] as const)('a log that somebody cuts while its job writes %s', (how) => {
  test('is followed, the cut is said, and no zeros are shown', async () => {
    const { run, job } = await living(how);
    job.write('before\n');
    const follower = new Follower(run);
    await follower.untilText('before\n');
    truncateSync(logOf(run), 0);
    job.write('after\n');
    await follower.untilText('after\n');
    expect(follower.text).toBe('before\n[truncated]after\n');
    job.write('and on\n');
    job.write(FOOTER);
    writeExit(run);
    await follower.rest();
    expect(follower.text).toBe('before\n[truncated]after\nand on\n');
  });

  test('and that has grown past the place of its reader since is found out all the same', async () => {
    const { run, job } = await living(how);
    job.write('before\n');
    const follower = new Follower(run);
    await follower.untilText('before\n');
    job.write('never seen\n');
    truncateSync(logOf(run), 0);
    job.write(`${'x'.repeat(1000)}\nafter\n`);
    await follower.untilText('after\n');
    expect(follower.text).toBe(`before\n[truncated]${'x'.repeat(1000)}\nafter\n`);
  });

  test('and that is read again and again for more than one cut', async () => {
    const { run, job } = await living(how);
    const follower = new Follower(run);
    for (const round of ['one', 'two', 'three']) {
      job.write(`${round}\n`);
      await follower.untilText(`${round}\n`);
      truncateSync(logOf(run), 0);
    }
    job.write('end\n');
    await follower.untilText('end\n');
    expect(follower.text).toBe('one\n[truncated]two\n[truncated]three\n[truncated]end\n');
  });
});

test('a log that was cut before anybody read it begins where its job went on, and the reader is told', async () => {
  const { run, job } = await living('in place');
  job.write('before\n');
  truncateSync(logOf(run), 0);
  job.write('after\n');
  const reader = new Follower(run, 'once');
  await reader.rest();
  expect(reader.text).toBe('[truncated]after\n');
  expect(reader.notices).toEqual([{ kind: 'truncated', from: 0, to: HEADER.length + 'before\n'.length }]);
});

test('a part that is cut off at the end is said', async () => {
  const { run, job } = await living('in place');
  job.write('one\ntwo\nthree\n');
  const follower = new Follower(run);
  await follower.untilText('three\n');
  const file = openSync(logOf(run), 'r+');
  ftruncateSync(file, HEADER.length + 4);
  closeSync(file);
  job.write('four\n');
  await follower.untilText('four\n');
  expect(follower.text).toBe('one\ntwo\nthree\n[truncated]four\n');
});

test('a log that was moved away is read where it is, to its last byte; what takes its place comes after', async () => {
  const { run, job } = await living('in place');
  job.write('one\n');
  const follower = new Follower(run);
  await follower.untilText('one\n');
  renameSync(logOf(run), `${logOf(run)}.1`);
  job.write('two\n');
  await follower.untilText('[moved]');
  // As logrotate makes it.
  writeFileSync(logOf(run), '');
  job.write('three\n');
  await follower.untilText('three\n');
  job.write('four\n');
  writeFileSync(logOf(run), 'new\n');
  await follower.untilText('new\n');
  expect(follower.text.replace('two\n[moved]', '[moved]two\n')).toBe('one\n[moved]two\nthree\nfour\n[replaced]new\n');
});

test('a script that could not begin leaves its place to the second without a word', async () => {
  const run = await prepared(temporaryStore());
  play(run);
  writeFileSync(logOf(run), HEADER.slice(0, 30));
  const follower = new Follower(run);
  const reading = follower.untilText('hello\n');
  renameSync(logOf(run), `${logOf(run)}.first`);
  writeFileSync(logOf(run), `${HEADER}hello\n`);
  await reading;
  expect(follower.text).toBe('hello\n');
});

test('output that a full disk has kept from the log is told of at its end', async () => {
  const { run, job } = await living('in place');
  job.write(`one\n${FOOTER}`);
  writeFileSync(join(run.path, 'script.err'), '          \nscript: write failed: No space left on device\n');
  writeExit(run);
  const follower = new Follower(run);
  await follower.rest();
  expect(follower.text).toBe('one\n[incomplete]');
  expect(follower.notices).toEqual([{ kind: 'incomplete', reason: 'script: write failed: No space left on device' }]);
});

test('a run that is dropped by retention under its reader ends', async () => {
  const { run, job } = await living('in place');
  job.write('one\n');
  const follower = new Follower(run);
  await follower.untilText('one\n');
  rmSync(run.path, { recursive: true });
  await follower.rest();
  expect(follower.text).toBe('one\n');
});
