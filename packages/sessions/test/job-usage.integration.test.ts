import { join } from 'node:path';

import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, test } from 'vitest';

import { RunStore, SessionManager } from '../src/index.ts';
import { launch, prepareScript } from './support/direct-launch.ts';
import { foreignStatus } from './support/fake-backend.ts';
import { readAll } from './support/logs.ts';
import { temporaryFolder } from './support/temporary-store.ts';

describe.runIf(requireService('script'))('the usage of a job', () => {
  test('is that of all its processes, also of one that left its session, and of none that only watches', async () => {
    const store = new RunStore({ stateDir: join(temporaryFolder(), 'state') });
    const manager = new SessionManager({ stateDir: store.stateDir, backends: [], runs: store });
    const run = await prepareScript(store, `${process.execPath} -e 'const b = Buffer.alloc(48 << 20, 1); console.log("big " + b.length)
setInterval(() => {}, 1000)' & setsid sleep 1000 & wait`);
    launch(run);
    await waitFor(async () => (await readAll(run)).toString().includes('big'), { what: 'the large child' });
    const usage = await waitFor(async () => {
      const now = await manager.usage(store.status(run), { sampleMs: 20 });
      return now !== null && (now.processes ?? 0) >= 3 ? now : null;
    }, { what: 'all processes of the job' });
    expect(usage).toMatchObject({ of: 'processes', processes: 3, memoryLimitBytes: null });
    expect(usage.memoryBytes).toBeGreaterThan(48 * 1024 * 1024);
    expect(usage.cpuMs).toBeGreaterThan(0);
    expect(usage.cpuPercent).toBeGreaterThanOrEqual(0);
  });

  test('of a busy job grows', async () => {
    const store = new RunStore({ stateDir: join(temporaryFolder(), 'state') });
    const manager = new SessionManager({ stateDir: store.stateDir, backends: [], runs: store });
    const run = await prepareScript(store, 'while :; do :; done');
    launch(run);
    await waitFor(() => store.status(run).pid !== null, { what: 'the job' });
    await waitFor(async () => {
      const now = await manager.usage(store.status(run), { sampleMs: 100 });
      return now !== null && (now.cpuPercent ?? 0) > 0 && (now.cpuMs ?? 0) >= 100;
    }, { what: 'some processor time' });
  });

  test('is null for what does not run, or has another process under its number', async () => {
    const store = new RunStore({ stateDir: join(temporaryFolder(), 'state') });
    const manager = new SessionManager({ stateDir: store.stateDir, backends: [], runs: store });
    const run = await prepareScript(store, 'exit 0');
    await launch(run).ended;
    const ended = store.status(run);
    expect(await manager.usage(ended)).toBeNull();
    expect(await manager.usage({ ...ended, state: 'running', pid: process.pid })).toBeNull();
    expect(await manager.usage(foreignStatus('x', { pid: 2 ** 30 }))).toBeNull();
  });
});
