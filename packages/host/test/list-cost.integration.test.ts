import { join } from 'node:path';

import type { Command, ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import { requireService, runToEnd, startDockerd, startPodman, TEST_IMAGES, tempDir } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { Host } from '../src/index.ts';
import { openHost } from '../src/index.ts';

/** Programs that are started, by name; what is asked of an engine about itself is none of a list's. */
function countingRunner(): ProcessRunner & { readonly started: string[] } {
  const real = systemRunner({ engine: 'node' });
  const started: string[] = [];
  const noted = <T extends Pick<Command, 'program'>>(command: T): T => {
    started.push(command.program.slice(command.program.lastIndexOf('/') + 1));
    return command;
  };
  return {
    started,
    run: async (command) => real.run(noted(command)),
    spawn: async (command) => real.spawn(noted(command)),
    detach: async (command) => real.detach(noted(command)),
  };
}

const PER_BACKEND = 3;

describe.runIf(requireService('tmux', 'script', 'podman', 'docker', 'busybox', 'root'))('a list', () => {
  it('of sessions in tmux, podman and docker starts three programs however many there are, and of ours alone those that have some', { timeout: 300_000 }, async () => {
    await using podman = await startPodman();
    await using docker = await startDockerd();
    await using dir = await tempDir('lh-list-');
    const runner = countingRunner();
    const env = { ...process.env, ...podman.env, ...docker.env, HOME: dir.path, TMUX_TMPDIR: dir.path, LONGHAUL_CONFIG: undefined, XDG_CONFIG_HOME: dir.path };
    await using host = await openHost({ cwd: dir.path, env, stateDir: dir.join('state'), program: null, runner });
    try {
      expect(await programsOf(host, runner, {})).toEqual(['docker', 'podman']);
      expect(await programsOf(host, runner, { whose: 'ours' })).toEqual([]);
      for (let round = 0; round < PER_BACKEND; round += 1) {
        await start(host, `tmux-${String(round)}`, null);
        expect(await programsOf(host, runner, { whose: 'ours' })).toEqual(round === 0 ? ['tmux'] : ['docker', 'podman', 'tmux']);
        await start(host, `podman-${String(round)}`, 'podman');
        await start(host, `docker-${String(round)}`, 'docker');
        expect(await programsOf(host, runner, {})).toEqual(['docker', 'podman', 'tmux']);
      }
      const { sessions, unavailable } = await host.sessions.list();
      expect(unavailable).toEqual([]);
      expect(sessions.map(({ name, state, terminal, socketName }) => [name, state, terminal, socketName])).toEqual(
        ['docker', 'podman', 'tmux'].flatMap((where) => [0, 1, 2].map((round) => [`${where}-${String(round)}`, 'running', where === 'tmux' ? 'detached' : 'none', where === 'tmux' ? 'longhaul' : where])),
      );
    } finally {
      for (const { name, state } of (await host.sessions.list()).sessions) if (state === 'running') await host.sessions.stop(name, { how: 'force' });
      await runToEnd('tmux', ['-L', 'longhaul', 'kill-server'], { env });
    }
  });
});

async function programsOf(host: Host, { started }: { readonly started: string[] }, options: Parameters<Host['sessions']['list']>[0]): Promise<readonly string[]> {
  started.length = 0;
  await host.sessions.list(options);
  return started.toSorted();
}

async function start(host: Host, name: string, runtime: 'podman' | 'docker' | null): Promise<void> {
  const container = runtime === null ? undefined : { image: TEST_IMAGES.plain, runtime, network: 'none' };
  await host.sessions.start({ name, command: ['sleep', '600'], ...(container === undefined ? {} : { backend: 'container' as const, container }) }, { caller: { env: { PATH: process.env['PATH'] ?? '' }, cwd: join(host.stateDir, '..'), umask: 0o022 } });
}
