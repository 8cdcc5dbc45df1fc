import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import { hasExecuted } from '../src/launch-watch.ts';

const RUN = { stateDir: '/state' };

function start(program: string, args: readonly string[]): ReturnType<typeof spawn> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

describe.runIf(process.platform === 'linux')('what the process that becomes the job shows', () => {
  it('is taken for executed once it is another program', async () => {
    const child = start('sleep', ['1000']);
    await once(child, 'spawn');
    await waitFor(() => readFileSync(`/proc/${String(child.pid)}/cmdline`, 'utf8').startsWith('sleep'), { what: 'sleep in place of node' });
    expect(hasExecuted(child.pid ?? 0, RUN)).toBe(true);
  });

  it('is not taken for executed while it is ending: then it has no command line', async () => {
    // Its parent never asks for it, so it stays a zombie.
    const parent = start('sh', ['-c', 'sh -c "exit 127" & echo $!; exec sleep 1000']);
    const [line] = (await once(parent.stdout ?? process.stdin, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    await waitFor(() => /^State:\s+Z/m.test(readFileSync(`/proc/${String(zombie)}/status`, 'utf8')), { what: 'the end of the child' });
    expect(hasExecuted(zombie, RUN)).toBe(false);
  });
});
