import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TestEngine } from '../src/index.ts';
import { requireService, startDockerd, startEngine } from '../src/index.ts';

const processesNaming = (text: string): readonly string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    } catch {
      return '';
    }
  }).filter((line) => line.includes(text));

const idOf = async (engine: TestEngine): Promise<string> => engine.run('run', '--detach', '--network', 'none', engine.images.plain, 'sleep', '1000');

describe.runIf(requireService('podman', 'docker', 'busybox', 'root'))('engines of the testbed', () => {
  for (const runtime of ['podman', 'docker'] as const) {
    test(`${runtime} runs the test images and leaves nothing behind`, async () => {
      const engine = await startEngine(runtime);
      try {
        expect(await engine.run('run', '--network', 'none', engine.images.entrypoint, 'given')).toBe('entry given');
        expect(await engine.run('run', '--network', 'none', engine.images.user, 'sh', '-c', 'id -u; pwd')).toBe('1000\n/work');
        expect(JSON.parse(await engine.run('image', 'inspect', engine.images.stopSignal))).toMatchObject([{ Config: { StopSignal: 'SIGUSR1' } }]);
        await idOf(engine);
        expect(processesNaming(engine.folder).length).toBeGreaterThan(0);
      } finally {
        await engine[Symbol.asyncDispose]();
      }
      expect(processesNaming(engine.folder)).toEqual([]);
      expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(engine.folder);
      expect(existsSync(engine.folder)).toBe(false);
    });
  }

  test('a container lives on while dockerd is killed and started again, and dockerd can be made deaf', async () => {
    await using engine = await startDockerd();
    const id = await idOf(engine);
    const pid = await engine.run('inspect', '--format', '{{.State.Pid}}', id);
    await engine.stop('kill');
    expect((await engine.tryRun('ps')).code).not.toBe(0);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await engine.start();
    expect(await engine.run('inspect', '--format', '{{.State.Pid}} {{.State.Status}}', id)).toBe(`${pid} running`);
    engine.freeze();
    engine.thaw();
    expect(await engine.run('ps', '--quiet', '--no-trunc')).toBe(id);
  });
});
