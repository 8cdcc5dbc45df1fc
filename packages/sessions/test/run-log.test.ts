import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { RunDirectory, RunLogOptions } from '../src/index.ts';
import { newRunId, parseSessionName, readRunLog } from '../src/index.ts';
import { append, collect, FOOTER, HEADER, logOf, mortalWorld, next, play, playSince, readAll, writeLog } from './support/logs.ts';
import { prepared, temporaryFolder, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';

async function finished(content: string | Uint8Array): Promise<RunDirectory> {
  const run = await prepared(temporaryStore());
  writeLog(run, content);
  writeExit(run);
  return run;
}

/** A run that lives; script has written its first line. */
async function living(): Promise<RunDirectory> {
  const run = await prepared(temporaryStore());
  writeFileSync(logOf(run), HEADER);
  play(run);
  return run;
}

describe('the log of a finished run', () => {
  test('is what the job printed, byte for byte', async () => {
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const run = await finished(every);
    expect([...(await readAll(run))]).toEqual([...every]);
  });

  test('keeps output that looks like the lines of script', async () => {
    const content = `${HEADER}x${FOOTER}`;
    expect((await readAll(await finished(content))).toString()).toBe(content);
  });

  test.each([
    ['a\nb\nc\n', 2, 'b\nc\n'],
    ['a\nb\nc', 1, 'c'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\r\n\r\nb\r\n', 2, '\r\nb\r\n'],
    ['a\nb\n', 99, 'a\nb\n'],
    ['a\nb\n', 0, ''],
    ['\n\n\n', 2, '\n\n'],
    ['', 5, ''],
    ['one', 1, 'one'],
  ])('%j has as its last %i lines %j', async (content, lines, expected) => {
    expect((await readAll(await finished(content), { lines })).toString()).toBe(expected);
  });

  test('has the same last lines as a plain split, whatever it is and however long its lines are', async () => {
    const line = fc.oneof(fc.string({ maxLength: 20 }), fc.constant('x'.repeat(70_000))).map((text) => text.replaceAll('\n', ''));
    const run = await prepared(temporaryStore());
    writeExit(run);
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 7 }), async (all, lines) => {
        writeLog(run, all.map((text) => `${text}\n`).join(''));
        expect((await readAll(run, { lines })).toString()).toBe(all.slice(-lines).map((text) => `${text}\n`).join(''));
      }),
      { numRuns: 40 },
    );
  });

  test('of 100 MB is read at its end only, for its last lines', async () => {
    const run = await finished('');
    const file = openSync(logOf(run), 'r+');
    ftruncateSync(file, 100_000_000);
    writeSync(file, `\n${Array.from({ length: 20 }, (_, line) => `line ${String(line)}\n`).join('')}${FOOTER}`, 100_000_000);
    closeSync(file);
    const readBytes = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const before = readBytes();
    const text = (await readAll(run, { lines: 10 })).toString();
    expect(text.split('\n')).toHaveLength(11);
    expect(text.startsWith('line 10\n')).toBe(true);
    expect(readBytes() - before).toBeLessThan(2_000_000);
  });

  test('is shown since a moment, by the times beside it', async () => {
    const run = await prepared(temporaryStore());
    const startedAt = new Date(Date.now() - 10_000);
    writeLog(run, 'early\nlate\n');
    playSince(run, startedAt);
    writeExit(run);
    writeFileSync(join(run.path, 'timing'), '1.0 6\n9.0 5\n');
    expect((await readAll(run, { since: new Date(startedAt.getTime() + 5000) })).toString()).toBe('late\n');
    expect((await readAll(run, { since: new Date(startedAt.getTime() - 5000) })).toString()).toBe('early\nlate\n');
    expect((await readAll(run, { since: new Date(startedAt.getTime() - 5000), lines: 1 })).toString()).toBe('late\n');
  });

  test('says when each piece was printed, where that is asked for', async () => {
    const run = await prepared(temporaryStore());
    const startedAt = new Date(Date.now() - 10_000);
    writeLog(run, 'early\nlate\nend');
    playSince(run, startedAt);
    writeExit(run);
    writeFileSync(join(run.path, 'timing'), '1.0 6\n7.0 2\n1.0 6\n');
    const last = startedAt.getTime() + 9000;
    utimesSync(join(run.path, 'timing'), new Date(last), new Date(last));
    const pieces = async (options: RunLogOptions = {}): Promise<unknown> => (await collect(readRunLog(run, { times: 'yes', ...options }))).map(({ bytes, at, endOffset }) => [Buffer.from(bytes).toString(), Date.parse(at ?? '') - startedAt.getTime(), endOffset - HEADER.length]);
    expect(await pieces()).toEqual([['early\n', 1000, 6], ['la', 8000, 8], ['te\nend', 9000, 14]]);
    expect(await pieces({ lines: 1 })).toEqual([['end', 9000, 14]]);
    expect(await pieces({ after: HEADER.length + 7 })).toEqual([['a', 8000, 8], ['te\nend', 9000, 14]]);
  });

  test('of a job that goes on has times for what its timing file does not tell yet', async () => {
    const run = await prepared(temporaryStore());
    const before = Date.now();
    playSince(run, new Date(before - 5000));
    writeFileSync(logOf(run), `${HEADER}told\nnot yet\n`);
    writeFileSync(join(run.path, 'timing'), '1.0 5\n');
    const [told, notYet] = await collect(readRunLog(run, { times: 'yes' }));
    expect(Buffer.from(notYet?.bytes ?? []).toString()).toBe('not yet\n');
    expect(Date.parse(notYet?.at ?? '')).toBeGreaterThanOrEqual(before);
    expect(Date.parse(told?.at ?? '')).toBeLessThanOrEqual(Date.parse(notYet?.at ?? ''));
  });

  test('says that it has no times where script writes none, to who asks for them too', async () => {
    await expect(readAll(await finished('x\n'), { times: 'yes' })).rejects.toMatchObject({ code: 'SESSION_CONFIG', hint: expect.stringContaining('--timestamps') as string });
  });

  test('says that it has no times where script writes none', async () => {
    await expect(readAll(await finished('x\n'), { since: new Date(0) })).rejects.toMatchObject({ code: 'SESSION_CONFIG', hint: expect.stringContaining('--lines') as string });
  });

  test('is taken up where an earlier reader ended', async () => {
    const run = await finished('x'.repeat(200_000));
    const [first, ...rest] = await collect(readRunLog(run));
    expect(first).toBeDefined();
    const again = await collect(readRunLog(run, { after: first!.endOffset }));
    expect(again).toEqual(rest);
    expect(Buffer.concat([first!, ...again].map(({ bytes }) => bytes)).toString()).toBe('x'.repeat(200_000));
  });

  test('may be missing: a run that was never started has none', async () => {
    const run = await prepared(temporaryStore());
    writeExit(run, { exitCode: null, reason: 'start-failed' });
    expect(await collect(readRunLog(run))).toEqual([]);
    expect(await collect(readRunLog(run, { follow: true, lines: 3 }))).toEqual([]);
  });

  test('has no frame where script is that of BSD', async () => {
    const run = await prepared(temporaryStore());
    writeFileSync(logOf(run), 'one\ntwo\n');
    writeExit(run);
    expect((await readAll(run)).toString()).toBe('one\ntwo\n');
  });

  test('ends where a full disk ended it', async () => {
    const run = await prepared(temporaryStore());
    writeExit(run);
    writeFileSync(logOf(run), HEADER.slice(0, 40));
    expect(await collect(readRunLog(run, { follow: true }))).toEqual([]);
    writeFileSync(logOf(run), `${HEADER}half a li`);
    expect((await readAll(run)).toString()).toBe('half a li');
  });
});

describe('following a log', () => {
  test('loses nothing, repeats nothing and shows no line of script, however the output is cut into pieces', async () => {
    const { world } = mortalWorld();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(...['\n', '\nS', '\nScript done', '\nScript done on x\n', '\r\n'].map((text) => Buffer.from(text)))), { maxLength: 30 }), async (pieces) => {
        const run = await living();
        const following = readAll(run, { follow: true }, world);
        for (const piece of pieces) {
          append(run, piece);
          if (piece.length % 3 === 0) await new Promise(setImmediate);
        }
        append(run, FOOTER);
        writeExit(run);
        expect((await following).equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('shows each line before the next is there', async () => {
    const run = await living();
    const chunks = readRunLog(run, { follow: true }, mortalWorld());
    for (const line of ['one\r\n', 'two\r\n', '\u001b[31mthree\u001b[0m\r\n']) {
      append(run, line);
      expect(await next(chunks)).toBe(line);
    }
    append(run, FOOTER);
    writeExit(run);
    expect(await chunks.next()).toMatchObject({ done: true });
  });

  test('begins with the last lines asked for', async () => {
    const run = await living();
    append(run, 'a\nb\nc\n');
    const chunks = readRunLog(run, { follow: true, lines: 1 }, mortalWorld());
    expect(await next(chunks)).toBe('c\n');
    append(run, `d\n${FOOTER}`);
    writeExit(run);
    expect(Buffer.concat((await collect(chunks)).map(({ bytes }) => bytes)).toString()).toBe('d\n');
  });

  test('waits for a log that is not there yet, and for its first line', async () => {
    const run = await prepared(temporaryStore());
    const following = readAll(run, { follow: true }, mortalWorld().world);
    await new Promise(setImmediate);
    writeFileSync(logOf(run), HEADER.slice(0, 30));
    await new Promise(setImmediate);
    append(run, `${HEADER.slice(30)}hello\n${FOOTER}`);
    writeExit(run);
    expect((await following).toString()).toBe('hello\n');
  });

  test('begins again with a log that was begun again', async () => {
    const run = await living();
    append(run, 'first attempt of script');
    const chunks = readRunLog(run, { follow: true }, mortalWorld());
    await chunks.next();
    writeFileSync(logOf(run), `${HEADER}second\n${FOOTER}`.slice(0, HEADER.length + 7));
    expect(await next(chunks)).toBe('second\n');
    await chunks.return(undefined);
  });

  test('ends when launcher and job are gone without a record, after what they had still to say', async () => {
    const run = await living();
    append(run, 'before');
    const mortal = mortalWorld();
    const chunks = readRunLog(run, { follow: true }, mortal);
    expect(await next(chunks)).toBe('before');
    mortal.died = true;
    append(run, ', last words');
    expect(Buffer.concat((await collect(chunks)).map(({ bytes }) => bytes)).toString()).toBe(', last words');
  });

  test('ends at an unreadable exit record too', async () => {
    const run = await living();
    append(run, `x\n${FOOTER}`);
    writeRecord(run, 'exit.json', '{');
    expect((await readAll(run, { follow: true })).toString()).toBe('x\n');
  });

  test('ends without an error when its signal aborts, and holds no file open', async () => {
    const run = await living();
    append(run, 'x\n');
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const { bytes } of readRunLog(run, { follow: true, signal: controller.signal }, mortalWorld())) {
      seen.push(Buffer.from(bytes).toString());
      setImmediate(() => {
        controller.abort();
      });
    }
    expect(seen).toEqual(['x\n']);
    expect(openFiles().filter((path) => path.includes(run.runId))).toEqual([]);
    expect(await collect(readRunLog(run, { follow: true, signal: controller.signal }))).toEqual([]);
  });

  test('works in a folder that cannot be watched', async () => {
    const stateDir = temporaryFolder();
    const runId = newRunId();
    const run: RunDirectory = { runId, session: parseSessionName('train'), stateDir, path: join(stateDir, 'later', runId), envFile: join(stateDir, 'env') };
    const following = readAll(run, { follow: true }, mortalWorld().world);
    mkdirSync(run.path, { recursive: true });
    play(run);
    writeLog(run, 'polled\n');
    writeExit(run);
    expect((await following).toString()).toBe('polled\n');
    rmSync(run.path, { recursive: true });
  });
});

/** What this process has open. */
function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
}
