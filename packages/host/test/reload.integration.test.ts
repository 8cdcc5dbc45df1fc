import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { openHost } from '@longhaul/host';
import type { WorkerEvent } from '@longhaul/sync-queue';
import { waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import { scratch } from './scratch.ts';

const FILES = 1_000;

describe('another configuration while a server works', () => {
  it('lets a reclaim that is under way come to its end', async () => {
    const root = scratch();
    const config = path.join(root, 'longhaul.yaml');
    const write = (reclaim: object): void => {
      writeFileSync(config, JSON.stringify({ destinations: { disk: { type: 'local', path: path.join(root, 'disk') } }, reclaim: { automatic: true, minAge: '0s', ...reclaim } }));
    };
    for (const folder of ['disk', 'results']) mkdirSync(path.join(root, folder));
    for (let file = 0; file < FILES; file += 1) writeFileSync(path.join(root, 'results', `f${String(file)}`), String(file));
    write({ enabled: false });
    const host = await openHost({ cwd: root, env: { ...process.env, LONGHAUL_STATE_DIR: path.join(root, 'state') }, stateDir: path.join(root, 'state'), program: null });
    onTestFinished(async () => host[Symbol.asyncDispose]());
    const sync = await host.sync();
    await sync.push({ source: path.join(root, 'results'), to: ['disk'], as: null });
    const end = new AbortController();
    await sync.work({ until: 'idle', signal: end.signal });
    write({ enabled: true, minVerifyPasses: 1 });
    await host.reload();
    const events: WorkerEvent[] = [];
    const reloads: Promise<void>[] = [];
    const work = sync.work({
      until: 'aborted',
      signal: end.signal,
      onEvent: (event) => {
        events.push(event);
        // Again and again: at least one of them comes while it runs.
        if (event.type === 'reclaimStarted') reloads.push(host.reload(), host.reload());
      },
    });
    onTestFinished(async () => {
      end.abort();
      await work;
    });
    await waitFor(() => events.some(({ type }) => type === 'reclaimEnded'), { what: 'the end of the reclaim', deadline: 120_000 });
    await Promise.all(reloads);
    const ends = events.flatMap((event) => (event.type === 'reclaimEnded' ? [event.outcome] : []));
    expect(ends).toMatchObject([{ kind: 'done', files: FILES }]);
    expect(readdirSync(path.join(root, 'results'))).toEqual(['.longhaul']);
  });
});
