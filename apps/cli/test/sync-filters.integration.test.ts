import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { SyncWorld } from './sync-world.ts';
import { checkSums, receiptOf, syncWorld } from './sync-world.ts';

/** A folder with what is wanted and what is not. */
async function world(): Promise<SyncWorld> {
  const made = await syncWorld({ type: 'local' });
  for (const [name, content] of [['results/a.csv', 'a'], ['results/b.tmp', 'b'], ['results/cache/c', 'c'], ['results/raw/d.csv', 'd']] as const) made.write(name, content);
  return made;
}

const sentTo = (place: string): readonly string[] => readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('.longhaul')).sort();

describe('sync push with rules', () => {
  it('sends what they ask for, records what they left out, and takes other rules for a new generation', async () => {
    const w = await world();
    const push = async (...rules: readonly string[]): Promise<void> => {
      expect(await w.longhaul(['sync', 'push', 'results', '--to', 'dest', '--no-worker', ...rules])).toMatchObject({ code: 0 });
      await w.sync.work({ until: 'idle', signal: AbortSignal.timeout(60_000) });
    };
    await push('--exclude', '*.tmp', '--exclude', 'cache/');
    const result = path.join(w.place, 'results');
    expect(sentTo(result)).toEqual(['a.csv', 'raw', 'raw/d.csv']);
    await checkSums(result);
    expect(receiptOf(result)).toMatchObject({ generation: 1, leftOut: { include: [], exclude: ['*.tmp', 'cache/'], ignoreFiles: [], files: 1, folders: 1 } });

    w.write('results/.longhaulignore', '/raw\n');
    await push('--include', '*.csv');
    expect(sentTo(result)).toEqual(['a.csv']);
    expect(receiptOf(result)).toMatchObject({ generation: 2, leftOut: { include: ['*.csv'], exclude: [], ignoreFiles: ['.longhaulignore'] } });

    const { stdout } = await w.longhaul(['sync', 'show', 'results']);
    expect(stdout).toContain('only *.csv');
    expect(stdout).toContain('left out by filters: 3 files, 2 folders');
  });

  it('refuses rules that mean nothing, and rules for a single file', async () => {
    const w = await world();
    expect(await w.longhaul(['sync', 'push', 'results', '--to', 'dest', '--include', '!x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude "x" instead') as string });
    expect(await w.longhaul(['sync', 'push', 'results/a.csv', '--to', 'dest', '--exclude', 'x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('single file') as string });
    expect((await w.sync.queue.list()).jobs).toEqual([]);
  });
});

describe.runIf(requireService('tmux', 'script'))('outputs with rules', () => {
  it('are sent in part when the run ends, two parts of one folder as two jobs', async () => {
    const w = await world();
    mkdirSync(path.join(w.project, 'out'));
    const outputs = [{ path: 'out', to: 'dest', as: '{run}/csv', include: '*.csv' }, { path: 'out', to: 'dest', as: '{run}/rest', exclude: ['*.csv'] }];
    writeFileSync(path.join(w.project, 'longhaul.yaml'), JSON.stringify({ destinations: { dest: { type: 'local', path: w.place } }, sessions: { make: { command: 'echo 1 > out/a.csv; echo 2 > out/log', outputs } } }));
    expect(await w.longhaul(['run', 'make'])).toMatchObject({ code: 0 });
    const jobs = await waitFor(async () => {
      const { jobs: found } = await w.sync.queue.list();
      return found.length === 2 && found.every(({ state }) => state === 'VERIFIED') ? found : null;
    }, { deadline: 60_000 });
    const [run] = readdirSync(w.place).filter((name) => !name.startsWith('.'));
    expect(sentTo(path.join(w.place, run ?? '', 'csv'))).toEqual(['a.csv']);
    expect(sentTo(path.join(w.place, run ?? '', 'rest'))).toEqual(['log']);
    expect(jobs.map(({ filter }) => filter)).toEqual(expect.arrayContaining([{ include: ['*.csv'], exclude: [] }, { include: [], exclude: ['*.csv'] }]));
  });
});
