import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { busyboxPath, findProgram, requireService, tempDir, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { RestartPolicy, RunDirectory, SessionStatus } from '../src/index.ts';
import { NO_RESTART, parseSessionName, restartDelay } from '../src/index.ts';
import type { Launched } from './launcher-fixture.ts';
import { launch, sh } from './launcher-fixture.ts';

const available = requireService('script', 'busybox');
const NAME = parseSessionName('train');

const quick = (changes: Partial<RestartPolicy> = {}): RestartPolicy => ({ ...NO_RESTART, mode: 'on-failure', delayMs: 20, maxDelayMs: 100, ...changes });

/** The status of the session once it pleases. */
async function once({ runs }: Launched, what: string, pleases: (status: SessionStatus) => boolean): Promise<SessionStatus> {
  return waitFor(() => {
    const status = runs.currentStatus(NAME);
    return status !== null && pleases(status) ? status : null;
  }, { deadline: 120_000, interval: 5, what });
}

const isOver = ({ restart }: SessionStatus): boolean => restart?.ended !== null && restart?.ended !== undefined;

/** All runs of the session, the first one first. */
async function attempts({ runs }: Launched): Promise<readonly RunDirectory[]> {
  return (await runs.runs()).toReversed();
}

/** Tools of which `sleep` takes no time, and writes down what it was asked for. */
async function timelessTools(): Promise<{ readonly path: string; readonly slept: () => readonly number[] }> {
  const dir = await tempDir('lh-tools-');
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  const names = ['mv', 'ln', 'dd', 'date', 'env', 'script', 'setsid', 'od', 'tr', 'mkdir', 'cat', 'wc', 'rm', 'cp'];
  for (const name of names) await symlink(findProgram(name) ?? `/missing/${name}`, dir.join(name));
  const log = dir.join('slept');
  writeFileSync(log, '');
  writeFileSync(dir.join('sleep'), `#!/bin/sh\necho "$1" >> '${log}'\n`);
  chmodSync(dir.join('sleep'), 0o755);
  return { path: dir.path, slept: () => readFileSync(log, 'utf8').split('\n').filter((line) => line !== '').map(Number) };
}

describe.runIf(available)('a job that crashes', () => {
  it.each(['dash', 'bash', 'busybox sh'])('is started again in %s until it succeeds, each attempt a run of its own', async (name) => {
    const busybox = await busyboxPath({ also: ['script'] });
    onTestFinished(async () => busybox[Symbol.asyncDispose]());
    const options = name === 'busybox sh' ? { shell: busybox.join('sh'), toolPath: busybox.path } : { shell: findProgram(name) ?? '/bin/sh' };
    const launched = await launch({ command: sh('echo x >> times; n=$(wc -l < times); echo "attempt $n $LONGHAUL_RUN_ID"; [ $n -ge 4 ] || exit $n'), options, spec: { restart: quick() } });
    const status = await once(launched, 'the end of the loop', isOver);
    expect(status).toMatchObject({ state: 'exited', exitCode: 0, attempt: 4, restart: { ended: 'succeeded', inRow: 3, next: null, previous: { exitCode: 3, reason: 'exit' } } });
    const runs = await attempts(launched);
    expect(runs.map(({ runId }) => runId)).toEqual(runs.map(({ runId }) => runId).sort());
    expect(runs.map((run) => launched.runs.status(run))).toMatchObject([1, 2, 3, 0].map((exitCode, index) => ({ exitCode, attempt: index + 1, state: 'exited' })));
    runs.forEach(({ path, runId }, index) => {
      expect(readFileSync(join(path, 'output.log'), 'utf8')).toContain(`\nattempt ${String(index + 1)} ${runId}\r\n`);
      expect(statSync(path).mode & 0o777).toBe(0o700);
      expect(statSync(join(path, 'spec.json')).mode & 0o777).toBe(0o600);
    });
    for (const run of runs) expect((await launched.runs.records(run)).damaged).toEqual([]);
  });
});
