import { writeFileSync } from 'node:fs';
import path from 'node:path';

import type { SessionStatus } from '@longhaul/sessions';
import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

/** Its status as JSON, once it pleases. */
async function once(world: CliWorld, name: string, pleases: (status: SessionStatus) => boolean): Promise<SessionStatus> {
  return await waitFor(async () => {
    const { session } = await world.json<{ session: SessionStatus }>(['status', name]);
    return pleases(session) ? session : null;
  }, { deadline: 120_000, interval: 50, what: `the wanted status of ${name}` });
}

describe.runIf(requireService('tmux', 'script'))('a job that crashes, on the command line', () => {
  it('comes back as longhaul.yaml says, until it has had enough', async () => {
    const world = cliWorld();
    writeFileSync(path.join(world.project, 'longhaul.yaml'), 'sessions:\n  bot: { command: "echo attempt; exit 3", restart: "on-failure:2", restartDelay: 50ms }\n');
    await world.json(['start', 'bot']);
    expect((await world.longhaul(['wait', 'bot', '--timeout', '2m'])).code).toBe(3);
    expect(await once(world, 'bot', () => true)).toMatchObject({ state: 'exited', exitCode: 3, attempt: 3, restart: { mode: 'on-failure', maxRestarts: 2, ended: 'gave-up' } });
    expect((await world.longhaul(['status', 'bot'])).stdout).toMatch(/given up/);
    expect((await world.json<{ runs: readonly SessionStatus[] }>(['history', 'bot'])).runs.map(({ exitCode, attempt }) => [attempt, exitCode])).toEqual([[3, 3], [2, 3], [1, 3]]);
  });

  it('shows when it comes back, keeps its name until then, and is ended by a stop', async () => {
    const world = cliWorld();
    await world.json(['start', 'bot', '--restart', 'always', '--restart-delay', '1h', ...sh('exit 4')]);
    const waiting = await once(world, 'bot', ({ restart }) => typeof restart?.next?.at === 'string');
    expect(waiting).toMatchObject({ state: 'restarting', exitCode: 4, restart: { next: { attempt: 2 } } });
    expect((await world.longhaul(['list'])).stdout).toMatch(/^bot\trestarting/);
    expect(await world.longhaul(['start', 'bot', ...sh('true')])).toMatchObject({ code: 4, stderr: expect.stringContaining('longhaul stop bot') as string });
    expect(await world.longhaul(['wait', 'bot', '--timeout', '100ms'])).toMatchObject({ code: 124 });
    expect((await world.longhaul(['stop', 'bot'])).code).toBe(0);
    expect(await once(world, 'bot', () => true)).toMatchObject({ state: 'stopped', exitCode: 4, restart: { ended: 'stopped' } });
  });

  it('is started again by hand with the environment of its start', async () => {
    const world = cliWorld();
    const first = await world.json<SessionStatus>(['start', 'job', '-e', 'COLOUR=blue', ...sh('echo "hello $COLOUR"; exec sleep 600')]);
    const second = await world.json<SessionStatus>(['restart', 'job', '--force']);
    expect(second).toMatchObject({ name: 'job', state: 'running' });
    expect(second.runId).not.toBe(first.runId);
    await waitFor(async () => (await world.longhaul(['logs', 'job', '--plain', '--run', second.runId ?? ''])).stdout.includes('hello blue'), { deadline: 60_000, what: 'its log' });
    expect(await world.longhaul(['restart', 'nobody'])).toMatchObject({ code: 3 });
    await world.longhaul(['stop', 'job', '--force']);
  });
});

describe.runIf(requireService('tmux', 'script'))('readiness, on the command line', () => {
  it('is waited for after a start, and by those who come later', async () => {
    const world = cliWorld();
    const started = await world.longhaul(['start', 'web', '--ready', 'log:listening', '--wait-ready', '2m', ...sh('sleep 0.2; echo listening; exec sleep 600')]);
    expect(started).toMatchObject({ code: 0, stderr: expect.stringContaining('web is ready') as string });
    expect((await world.longhaul(['wait', 'web', '--for', 'ready'])).code).toBe(0);
    await world.longhaul(['stop', 'web', '--force']);
    expect(await world.longhaul(['wait', 'web', '--for', 'ready'])).toMatchObject({ stderr: expect.stringContaining('ended before it was ready') as string });
  });

  it('has an exit code of its own where it does not come', async () => {
    const world = cliWorld();
    await world.json(['start', 'quiet', '--ready', 'log:never', ...sh('exec sleep 600')]);
    expect(await world.longhaul(['wait', 'quiet', '--for', 'ready', '--timeout', '200ms'])).toMatchObject({ code: 124 });
    await world.longhaul(['stop', 'quiet', '--force']);
    await world.json(['start', 'short', '--ready', 'log:never', ...sh('exit 0')]);
    expect((await world.longhaul(['wait', 'short', '--for', 'ready'])).code).toBe(125);
    await world.json(['start', 'fails', '--ready', 'log:never', ...sh('exit 6')]);
    expect((await world.longhaul(['wait', 'fails', '--for', 'ready'])).code).toBe(6);
  });
});

it.each([
  [['start', 'x', '--restart', 'sometimes', '--', 'true'], /"sometimes" is not a restart policy/],
  [['start', 'x', '--restart-delay', '5s', '--', 'true'], /no restart policy/],
  [['start', 'x', '--ready', 'soon', '--', 'true'], /"soon" is not a readiness check/],
  [['start', 'x', '-b', 'tmux', '-p', '80:80', '--', 'true'], /no use for ports/],
  [['start', 'x', '-i', 'img', '--memory', 'lots'], /memory limit "lots"/],
  [['start', 'x', '-i', 'img', '-v', 'data'], /volume "data"/],
  [['start', 'x', '-i', 'img', '-v', './no-such-folder:/data'], /does not exist on this machine/],
  [['start', 'x', '-b', 'container', '--', 'true'], /names no image/],
  [['start', 'x', '--max-log', 'lots', '--', 'true'], /--max-log must be a size/],
])('%j is refused before anything is started', async (argv, message) => {
  const world = cliWorld();
  const result = await world.longhaul(argv);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(result.stderr).toMatch(message);
});
