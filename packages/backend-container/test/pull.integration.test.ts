import { isLonghaulError } from '@longhaul/errors';
import { startImageRegistry } from '@longhaul/testbed';
import { expect, it, onTestFinished } from 'vitest';

import { describeBoth } from './both-engines.ts';
import { containerBed, ended, logOf, sh } from './container-bed.ts';

describeBoth('an image that is not on this machine', (engine) => {
  it('is fetched once, with progress, and its container runs', { timeout: 120_000 }, async () => {
    const registry = await startImageRegistry();
    onTestFinished(async () => registry[Symbol.asyncDispose]());
    const bed = await containerBed(engine());
    const progress: string[] = [];
    const backend = bed.another({ onProgress: (line) => progress.push(line) });
    const start = async (name: string): Promise<string> => {
      const spec = bed.spec(name, sh('echo from the registry'), { container: { image: registry.image, pull: 'missing' } });
      const { run } = await bed.startOn(backend, spec);
      expect(await ended(bed, run)).toMatchObject({ exitCode: 0, image: registry.image });
      return (await logOf(run)).stdout;
    };
    expect(await start('first')).toBe('from the registry\n');
    expect(progress.length).toBeGreaterThan(0);
    expect(registry.fetched()).toBe(1);
    progress.length = 0;
    expect(await start('second')).toBe('from the registry\n');
    expect([progress.length, registry.fetched()]).toEqual([0, 1]);
    await bed.engine.tryRun('image', 'rm', '--force', registry.image);
  });

  it('that needs a login, and one that the registry does not have, are refused in its words, and nothing is left', { timeout: 120_000 }, async () => {
    const registry = await startImageRegistry();
    onTestFinished(async () => registry[Symbol.asyncDispose]());
    const bed = await containerBed(engine());
    const failureOf = async (name: string, image: string): Promise<unknown> => bed.start(name, sh('exit 0'), { container: { image, pull: 'missing' } }).then(() => null, (error: unknown) => error);
    for (const [name, image] of [['private', registry.private], ['unknown', `${registry.address}/lab/plain:no-such-tag`]] as const) {
      const failure = await failureOf(name, image);
      expect(isLonghaulError(failure, 'SESSION_START')).toBe(true);
      expect(failure).toMatchObject({ reason: expect.stringContaining(`the image ${image} could not be fetched`) as string, hint: expect.stringMatching(/login/) as string });
      expect(String(failure)).toMatch(name === 'private' ? /unauthorized|auth/i : /unknown|not found/i);
      expect(await bed.runs.current(bed.spec(name, ['x']).name)).toBeNull();
    }
  });
});
