import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { processStartTime } from '@longhaul/exec';
import { expect, onTestFinished, test } from 'vitest';

import { systemWorld } from '../src/index.ts';
import { currentStarter, rememberingLiveness, shortHash } from '../src/world.ts';

function sleeper(): { readonly pid: number; readonly startTime: string; end: () => Promise<void> } {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const pid = child.pid!;
  const end = async (): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { pid, startTime: processStartTime(pid)!, end };
}

test.each([
  ['one look for each', () => systemWorld().liveness],
  ['one listing for all, as where there is no /proc', () => rememberingLiveness()],
])('a process is alive until it ends, and nobody else is taken for it: %s', async (_, make) => {
  const liveness = make();
  const first = sleeper();
  expect(liveness(process.pid, currentStarter().startTime)).toBe('alive');
  expect(liveness(first.pid, first.startTime)).toBe('alive');
  expect(liveness(first.pid, `${first.startTime}0`)).toBe('dead');
  // Started after the listing.
  const second = sleeper();
  expect(liveness(second.pid, second.startTime)).toBe('alive');
  await second.end();
  expect(make()(second.pid, second.startTime)).toBe('dead');
});

test('a machine is the same in each question, and says nothing of its id', () => {
  expect(systemWorld().host).toMatch(/^[0-9a-f]{12}$/);
  expect(systemWorld().host).toBe(currentStarter().host);
  expect(systemWorld().bootId).toBe(currentStarter().bootId);
});

test('a short hash is the end of FNV-1a as its authors publish it', () => {
  // Their test vectors for 64 bits: "" cbf29ce484222325, "a" af63dc4c8601ec8c, "foobar" 85944171f73967e8.
  expect(['', 'a', 'foobar'].map(shortHash)).toEqual(['9ce484222325', 'dc4c8601ec8c', '4171f73967e8']);
});
