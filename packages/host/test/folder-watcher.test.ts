import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { WatchSettings } from '@longhaul/config';
import { SourceUnreadableError } from '@longhaul/errors';
import { createSealer } from '@longhaul/sync-transports';
import type { SealSource, SourceGlance } from '@longhaul/sync-transports';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import type { ReadyFolder, WatchPorts } from '../src/watch/folder-watcher.ts';
import { FolderWatcher } from '../src/watch/folder-watcher.ts';
import { readWatchRecord, writeWatchRecord } from '../src/watch/watch-file.ts';
import { watchedTop } from '../src/watch/watched-folders.ts';
import type { WatchedFolder } from '../src/watch/watched-folders.ts';
import { scratch } from './scratch.ts';

// Files and threads on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const SETTLE = 60_000;

/** A watched folder on the disk, a clock in the hand, and a queue that only remembers. */
class Bench {
  now = 1_750_000_000_000;
  readonly root: string;
  readonly top: string;
  readonly stateDir: string;
  readonly sent: string[] = [];
  readonly log: string[] = [];
  readonly settings: WatchSettings;
  glance: WatchPorts['glance'];
  watcher: FolderWatcher;

  constructor(changes: Partial<WatchSettings> = {}) {
    this.root = scratch();
    this.top = path.join(this.root, 'scans');
    this.stateDir = path.join(this.root, 'state');
    mkdirSync(this.top);
    const sealer = createSealer({ stateDir: this.stateDir });
    onTestFinished(async () => {
      await sealer[Symbol.asyncDispose]();
    });
    this.glance = async (source: SealSource): Promise<SourceGlance> => await sealer.glance(source);
    this.settings = { path: this.top, settleMs: SETTLE, sentinel: null, to: ['nas'], as: null, include: [], exclude: [], ...changes };
    this.watcher = this.#begin();
  }

  write(file: string, content = 'x'): void {
    mkdirSync(path.dirname(path.join(this.top, file)), { recursive: true });
    writeFileSync(path.join(this.top, file), content);
  }

  /** Goes on to each look that is due until so much time has passed. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = await this.watcher.turn(new AbortController().signal);
      if (next > end) break;
      this.now = Math.max(this.now + 1, next);
    }
    this.now = end;
  }

  /** The process ends and another begins. */
  restart(): void {
    const record = this.watcher.takeRecord();
    if (record !== null) writeWatchRecord(this.stateDir, record);
    this.watcher = this.#begin();
  }

  async states(): Promise<readonly WatchedFolder[]> {
    const record = this.watcher.takeRecord();
    if (record !== null) writeWatchRecord(this.stateDir, record);
    return (await watchedTop(this.settings, { stateDir: this.stateDir, now: this.now, jobs: () => Promise.resolve([]) })).folders;
  }

  #begin(): FolderWatcher {
    const enqueue = (folder: ReadyFolder): Promise<{ readonly jobs: []; readonly held: null }> => {
      this.sent.push(path.basename(folder.path));
      return Promise.resolve({ jobs: [], held: null });
    };
    return new FolderWatcher(this.settings, readWatchRecord(this.stateDir, this.top), { now: () => this.now, glance: async (source) => await this.glance(source), enqueue, never: [this.stateDir], log: (text) => this.log.push(text) });
  }
}

describe('a watched folder', () => {
  it('hands over each subfolder once when it has settled, those that are there already too, and not again after a restart', async () => {
    const bench = new Bench();
    bench.write('old/a');
    await bench.pass(SETTLE - 1);
    expect(bench.sent).toEqual([]);
    bench.write('new/deep/b');
    await bench.pass(3 * SETTLE);
    expect(bench.sent).toEqual(['old', 'new']);
    bench.restart();
    await bench.pass(3_600_000);
    expect(bench.sent).toEqual(['old', 'new']);
    bench.write('old/more');
    bench.restart();
    await bench.pass(3_600_000);
    expect(bench.sent).toEqual(['old', 'new', 'old']);
  });

  it('waits while a subfolder is written to, goes on where it was after a restart, and does not mind what is excluded', async () => {
    const bench = new Bench({ exclude: ['*.tmp'] });
    bench.write('busy/data');
    for (let minute = 0; minute < 15; minute += 1) {
      bench.write('busy/data', 'x'.repeat(minute + 2));
      if (minute === 7) bench.restart();
      await bench.pass(50_000);
    }
    expect(bench.sent).toEqual([]);
    expect(await bench.states()).toMatchObject([{ name: 'busy', state: 'restless', reason: expect.stringContaining('never quiet for 1m since 2025-06-15T15:06:40') as string }]);
    bench.write('busy/x.tmp');
    await bench.pass(SETTLE);
    bench.write('busy/y.tmp');
    await bench.pass(SETTLE * 2);
    expect(bench.sent).toEqual(['busy']);
  });

  it('waits for the sentinel, looking at nothing else, and says so', async () => {
    const bench = new Bench({ sentinel: 'DONE' });
    const glance = vi.fn(bench.glance);
    bench.glance = glance;
    bench.write('run/data');
    await bench.pass(10 * SETTLE);
    expect(glance).not.toHaveBeenCalled();
    expect(await bench.states()).toMatchObject([{ name: 'run', state: 'waiting', reason: 'waits for DONE in it' }]);
    bench.write('run/DONE');
    await bench.pass(2 * SETTLE);
    expect(bench.sent).toEqual(['run']);
  });

  it('says what it does not send, and why', async () => {
    const bench = new Bench();
    bench.write('file');
    bench.write('.hidden/x');
    bench.write('real/x');
    symlinkSync('real', path.join(bench.top, 'link'));
    mkdirSync(Buffer.concat([Buffer.from(`${bench.top}/`), Buffer.from([0xff])]));
    bench.glance = () => Promise.reject(new SourceUnreadableError('/x', ['secret']));
    await bench.pass(2 * SETTLE);
    expect(bench.sent).toEqual([]);
    const states = await bench.states();
    expect(states.map(({ name, state, reason }) => `${name} ${state}: ${reason}`)).toEqual([
      expect.stringMatching(/^real problem: .*secret/) as string,
      '.hidden ignored: its name begins with a dot: programs hide there what is not finished',
      '\\xff ignored: its name is not UTF-8',
      'link ignored: a symlink: it is not followed',
    ]);
    expect(readWatchRecord(bench.stateDir, bench.top).files).toBe(1);
    // By its bytes: recursive rm of Node takes names for UTF-8.
    rmSync(Buffer.concat([Buffer.from(`${bench.top}/`), Buffer.from([0xff])]), { recursive: true });
  });

  it('tells of a folder that was gone before it was sent, takes a renamed one for a new one, and knows one that comes back', async () => {
    const bench = new Bench();
    for (const name of ['sent', 'early', 'lost']) bench.write(`${name}/x`);
    await bench.pass(SETTLE / 2);
    rmSync(path.join(bench.top, 'lost'), { recursive: true });
    renameSync(path.join(bench.top, 'early'), path.join(bench.top, 'late'));
    await bench.pass(3 * SETTLE);
    expect(bench.sent).toEqual(['sent', 'late']);
    expect((await bench.states()).map(({ name, state }) => `${name} ${state}`)).toEqual(expect.arrayContaining(['lost gone', 'early gone']));
    renameSync(path.join(bench.top, 'sent'), path.join(bench.root, 'away'));
    await bench.pass(SETTLE);
    expect((await bench.states()).map(({ name }) => name)).not.toContain('sent');
    // As a disk that was unmounted: nothing in it has changed.
    renameSync(path.join(bench.root, 'away'), path.join(bench.top, 'sent'));
    await bench.pass(10 * SETTLE);
    expect(bench.sent).toEqual(['sent', 'late']);
  });

  it('forgets nothing while it cannot be read, and says so', async () => {
    const bench = new Bench();
    bench.write('a/x');
    await bench.pass(2 * SETTLE);
    renameSync(bench.top, `${bench.top}.unmounted`);
    await bench.pass(SETTLE);
    bench.restart();
    expect(readWatchRecord(bench.stateDir, bench.top)).toMatchObject({ problem: expect.stringContaining('it is not there') as string, folders: { a: {} } });
    renameSync(`${bench.top}.unmounted`, bench.top);
    await bench.pass(10 * SETTLE);
    expect(bench.sent).toEqual(['a']);
    expect(bench.log.filter((line) => line.includes('it is not there'))).toHaveLength(1);
  });

  it('never sends what Longhaul keeps in it', async () => {
    const bench = new Bench();
    bench.write('ok/x');
    mkdirSync(path.join(bench.top, 'own'));
    const inside = new FolderWatcher(bench.settings, readWatchRecord(bench.stateDir, bench.top), { now: () => bench.now, glance: bench.glance, enqueue: () => Promise.reject(new Error('never')), never: [path.join(bench.top, 'own/state')], log: () => undefined });
    await inside.turn(new AbortController().signal);
    expect(inside.takeRecord()).toMatchObject({ ignored: [{ name: 'own' }], folders: { ok: {} } });
    const itself = new FolderWatcher(bench.settings, readWatchRecord(bench.stateDir, bench.top), { now: () => bench.now, glance: bench.glance, enqueue: () => Promise.reject(new Error('never')), never: [bench.top], log: () => undefined });
    await itself.turn(new AbortController().signal);
    expect(itself.takeRecord()).toMatchObject({ problem: expect.stringContaining('itself a destination') as string });
  });

  it('looks at many without haste once they are quiet', async () => {
    const bench = new Bench();
    for (let index = 0; index < 100; index += 1) bench.write(`run-${String(index)}/x`);
    const glance = vi.fn(() => Promise.resolve({ fingerprint: 'f', files: 1, bytes: 1 }));
    bench.glance = glance;
    await bench.pass(2 * SETTLE);
    expect(bench.sent).toHaveLength(100);
    await bench.pass(1_800_000);
    glance.mockClear();
    await bench.pass(3_600_000);
    expect(glance.mock.calls.length).toBeLessThanOrEqual(100 * 7);
  });
});
