import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import type { SessionStatus } from '@longhaul/sessions';
import { requireService } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { CallResult, CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');

describe.runIf(requireService('root', 'tmux', 'script'))('a container that mounts the state directory', () => {
  it('takes no name away from what runs outside of it, until somebody gives one up', async () => {
    const world = cliWorld();
    const job = ['sh', '-c', 'echo once more >> starts; read line'];
    const outside = await world.json<SessionStatus>(['start', 'train', '--', ...job]);
    const contained = async (...args: readonly string[]): Promise<CallResult> => await inContainer(world, args);

    const seen = (JSON.parse((await contained('status', 'train', '--json')).stdout) as { data: { session: SessionStatus } }).data.session;
    expect(seen).toMatchObject({ state: 'unknown', unknownReason: expect.stringContaining('another PID namespace') as string });
    const wayOut = expect.stringContaining('longhaul remove --abandon train') as string;
    expect(await contained('start', 'train', '--', ...job)).toMatchObject({ code: 4, stderr: wayOut });
    expect(await contained('stop', 'train', '--force')).toMatchObject({ code: 1, stderr: wayOut });
    expect(await contained('remove', 'train', '--yes')).toMatchObject({ code: 1, stderr: wayOut });
    expect(await world.longhaul(['remove', 'train', '--abandon', '--yes'])).toMatchObject({ code: 1, stderr: expect.stringContaining('longhaul stop train') as string });

    expect((await contained('remove', 'train', '--abandon', '--dry-run')).stdout).toMatch(/^train would be given up, and its job left alone \(it was started in another PID namespace/);
    expect((await contained('remove', 'train', '--abandon')).code).toBe(2);
    const { data } = JSON.parse((await contained('remove', 'train', '--abandon', '--yes', '--json')).stdout) as { data: unknown };
    expect(data).toEqual({ done: [{ session: 'train', removed: true, runId: outside.runId, reason: seen.unknownReason, kept: { runs: 1, jobsUnderWay: [], jobsFailed: [] } }], failed: [] });
    expect((await contained('history', 'train')).stdout).toMatch(new RegExp(`^${outside.runId ?? ''}\ttrain\tabandoned\t-\t`));
    expect(await contained('run', 'train', '--', 'true')).toMatchObject({ code: 0 });
    expect((await contained('remove', 'nobody', '--abandon', '--yes')).code).toBe(3);

    // Nobody touched the job, and where it runs its run says so.
    const { runs } = await world.json<{ runs: readonly SessionStatus[] }>(['history', 'train']);
    expect(runs).toMatchObject([{ state: 'exited', exitCode: 0 }, { runId: outside.runId, state: 'running', pid: outside.pid }]);
    expect(readFileSync(path.join(world.project, 'starts'), 'utf8')).toBe('once more\n');
  });
});

/** `longhaul …` in a PID namespace and with a tmux of its own; all that it starts ends with it. */
async function inContainer(world: CliWorld, args: readonly string[]): Promise<CallResult> {
  const tmux = path.join(world.root, 'container');
  mkdirSync(tmux, { recursive: true });
  const child = spawn('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, '--conditions=@longhaul/source', MAIN, ...args], {
    cwd: world.project,
    env: { ...world.env, TMUX_TMPDIR: tmux },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, signal: null, stdout, stderr };
}
