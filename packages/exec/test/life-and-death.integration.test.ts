import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { Command } from '../src/index.ts';
import { processInfo, systemRunner } from '../src/index.ts';
import { tempFolder } from './temp-folder.ts';
import { until } from './until.ts';

const runner = systemRunner();
const isGone = (pid: number): boolean => [undefined, 'zombie'].includes(processInfo(pid)?.state);

function fixture(name: string, ...args: string[]): Command {
  return { program: process.execPath, args: ['--conditions=@longhaul/source', join(import.meta.dirname, 'fixtures', name), ...args] };
}

describe.each(['execa', 'node'])('when this process ends (%s)', (engine) => {
  it.each([['exit'], ['throw']])('leaves no program behind (%s)', async (how) => {
    const outcome = await runner.run(fixture('leave-children.ts', how, engine));
    const pids = outcome.stdout.text.trim().split(' ').map(Number);
    expect(pids).toHaveLength(3);
    await until('all three are gone', () => pids.every(isGone));
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves no program behind (%s)', async (signal) => {
    await using running = await runner.spawn({ ...fixture('leave-children.ts', 'wait', engine), stdout: 'pipe' });
    const first = await running.stdout!.lines()[Symbol.asyncIterator]().next();
    const pids = String(first.value).split(' ').map(Number);
    expect(pids).toHaveLength(3);
    // Only to that process: its programs have groups of their own and see nothing of a Ctrl-C at the terminal.
    process.kill(running.pid!, signal);
    expect(await running.outcome).toMatchObject({ kind: 'signalled', signal });
    await until('all three are gone', () => pids.every(isGone));
  });
});

describe('a detached program', () => {
  it('outlives the one that started it, in a session of its own, and writes to its file', async () => {
    const folder = tempFolder();
    const [fifo, file] = [join(folder, 'fifo'), join(folder, 'log')];
    await runner.run({ program: 'mkfifo', args: [fifo] });
    const outcome = await runner.run(fixture('detach.ts', fifo, file));
    const { kind, pid } = JSON.parse(outcome.stdout.text) as { kind: string; pid: number };
    onTestFinished(() => { if (!isGone(pid)) process.kill(pid, 'SIGKILL'); });
    expect([kind, outcome.kind, outcome.stdout.complete]).toEqual(['started', 'exited', true]);
    expect(processInfo(pid)).toMatchObject({ pgid: pid, sid: pid, foregroundPgid: null });
    writeFileSync(fifo, 'still here\n');
    await until('it has ended', () => isGone(pid));
    expect(readFileSync(file, 'utf8')).toBe('started\nstill here\n');
  });
});

describe('a detached program that cannot be started', () => {
  it('says why: no program, no folder for its output', async () => {
    expect(await runner.detach({ program: 'longhaul-no-such-program' })).toMatchObject({ kind: 'notFound' });
    const file = join(tempFolder(), 'none', 'log');
    expect(await runner.detach({ program: 'true', stdout: { file } })).toMatchObject({ kind: 'spawnFailed', errno: 'ENOENT', reason: expect.stringContaining(file) as string });
  });
});

describe('replaceProcess', () => {
  it('becomes the other program: same pid, its arguments, environment and exit code', async () => {
    const outcome = await runner.run(fixture('replace.ts', 'execve', 'echo "$$ $1 $GREETING"; exit 7'));
    expect(outcome).toMatchObject({ kind: 'exited', exitCode: 7 });
    expect(outcome.stdout.text).toBe(`${String(outcome.pid)} a b hello you\n`);
    expect(outcome.stderr.text).toBe(`${String(outcome.pid)}\n`);
  });

  it('runs it as a child where Node cannot: exit code and signals are passed on', async () => {
    const exited = await runner.run(fixture('replace.ts', 'stand-in', 'echo "$1 $GREETING"; exit 7'));
    expect(exited).toMatchObject({ kind: 'exited', exitCode: 7 });
    expect(exited.stdout.text).toBe('a b hello you\n');
    expect(await runner.run(fixture('replace.ts', 'stand-in', 'kill -TERM $$'))).toMatchObject({ kind: 'exited', exitCode: 143 });
  });

  it('leaves Ctrl-C to the program that has the terminal, and passes TERM to it', async () => {
    await using running = await runner.spawn({ ...fixture('replace.ts', 'stand-in', 'trap "echo term; exit 5" TERM; echo ready; while :; do read -r x; echo "$x"; done'), stdin: 'pipe', stdout: 'pipe' });
    const lines = running.stdout!.lines()[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    process.kill(running.pid!, 'SIGINT');
    await running.stdin!.write('still here\n');
    expect((await lines.next()).value).toBe('still here');
    process.kill(running.pid!, 'SIGTERM');
    await running.stdin!.write('\n');
    expect(await running.outcome).toMatchObject({ kind: 'exited', exitCode: 5 });
  });

  it('names a program that is not there before anything is given up', async () => {
    const { replaceProcess } = await import('../src/index.ts');
    await expect(replaceProcess({ program: 'longhaul-no-such-program' })).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND', errnoCode: 'ENOENT' });
    await expect(replaceProcess({ program: 'true', cwd: join(tempFolder(), 'none') })).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
  });
});
