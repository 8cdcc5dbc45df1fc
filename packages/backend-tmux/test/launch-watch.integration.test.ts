import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

import { waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import { hasExecuted } from '../src/launch-watch.ts';

const RUN = { stateDir: '/state' };

function start(program: string, args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

describe.runIf(process.platform === 'linux')('what the process that becomes the job shows', () => {
  it('is taken for executed once it is another program', async () => {
    const child = start('sleep', ['1000']);
    await once(child, 'spawn');
    await waitFor(() => readFileSync(`/proc/${String(child.pid)}/cmdline`, 'utf8').startsWith('sleep'), { what: 'sleep in place of Node' });
    expect(hasExecuted(child.pid ?? 0, RUN)).toBe(true);
  });

  it('is not taken for executed while it is ending: then it has no command line', async () => {
    // Its parent is a program that never asks for it, so it stays a zombie. It ends with its input, not before that program is there.
    const parent = start('sh', ['-c', 'exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 1000 3<&-']);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    await waitFor(() => readFileSync(`/proc/${String(parent.pid)}/cmdline`, 'utf8').startsWith('sleep'), { what: 'sleep in place of sh' });
    parent.stdin.end();
    await waitFor(() => /^State:\s+Z/m.test(readFileSync(`/proc/${String(zombie)}/status`, 'utf8')), { what: 'the end of the child' });
    expect(hasExecuted(zombie, RUN)).toBe(false);
  });
});
