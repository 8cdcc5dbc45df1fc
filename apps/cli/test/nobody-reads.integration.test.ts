import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { runToEnd } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { CallResult, CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const LONGHAUL = [process.execPath, '--conditions=@longhaul/source', MAIN];

/** As in `longhaul … 2>&1 | true`: both streams lead to a pipe that nobody reads. */
async function unread(world: CliWorld, ...args: readonly string[]): Promise<CallResult> {
  const call = world.start(args);
  call.process.stdout?.destroy();
  call.process.stderr?.destroy();
  return await call.ended;
}

describe('output that nobody reads', () => {
  it('changes neither what is done nor the exit code', async () => {
    const world = cliWorld();
    expect(await unread(world, 'start', 'one', '--', 'sh', '-c', 'exit 3')).toMatchObject({ code: 0 });
    expect(await unread(world, 'wait', 'one')).toMatchObject({ code: 3 });
    expect(await unread(world, 'run', 'two', '--', 'sh', '-c', 'seq 1 50000; exit 7')).toMatchObject({ code: 7 });
    expect(await unread(world, 'stop', 'nobody')).toMatchObject({ code: 3 });
    expect(await world.json(['list'])).toMatchObject({ sessions: [{ name: 'one', exitCode: 3 }, { name: 'two', exitCode: 7 }] });
  });

  it('ends logs at once, quietly', async () => {
    const world = cliWorld();
    await world.longhaul(['start', 'long', '--', 'sh', '-c', 'seq 1 50000; sleep 100']);
    expect(await unread(world, 'logs', 'long', '--follow')).toMatchObject({ code: 0, signal: null });
  });

  it('is no success where the disk was full', async () => {
    const world = cliWorld();
    const full = (...args: readonly string[]): ReturnType<typeof runToEnd> => runToEnd('sh', ['-c', 'exec "$@" > /dev/full', 'sh', ...LONGHAUL, ...args], { cwd: world.project, env: world.env });
    const result = await full('list');
    expect(result.code).toBe(1);
    expect(result.stderr.toString()).toMatch(/ENOSPC[^]*hint: The disk is full/);
  });
});

describe('a working directory that was removed', () => {
  it('keeps nobody from looking and stopping, and sends nothing else in its place', async () => {
    const world = cliWorld();
    await world.longhaul(['start', 'job', '--', 'sleep', '100']);
    const gone = (...args: readonly string[]): ReturnType<typeof runToEnd> => {
      const folder = path.join(world.root, 'gone');
      mkdirSync(folder);
      return runToEnd('sh', ['-c', 'cd "$1" && rmdir "$1" && shift && exec "$@"', 'sh', folder, ...(args[0] === 'env' ? [] : LONGHAUL), ...args], { cwd: world.root, env: world.env });
    };
    expect((await gone('status', 'job', '--json')).stdout.toString()).toContain('"state":"running"');
    expect(await gone('stop', 'job', '--force')).toMatchObject({ code: 0 });
    const pushed = await gone('sync', 'push', '.', '--to', path.join(world.root, 'project'));
    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr.toString()).toMatch(/gone.* does not exist/);
    // A shell keeps PWD right; whatever else starts programs may hand on another one's.
    const lied = await gone('env', `PWD=${world.project}`, ...LONGHAUL, 'sync', 'push', '.', '--to', path.join(world.root, 'home'));
    expect(lied.stderr.toString()).toMatch(/nonexistent.* does not exist/);
  });
});
