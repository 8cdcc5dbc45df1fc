import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { LoadedConfig } from '@longhaul/config';
import { loadConfig } from '@longhaul/config';
import { describe, expect, it } from 'vitest';

import { DestinationRegistry } from '../src/index.ts';
import { scratch } from './scratch.ts';

async function project(root: string, name: string, place: string): Promise<LoadedConfig> {
  const cwd = path.join(root, name);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(path.join(cwd, 'longhaul.yaml'), `destinations:\n  nas: { type: local, path: ${place} }\n`);
  return await loadConfig({ cwd, env: {}, home: root });
}

describe('destinations of a queue that several projects share', () => {
  it('keep apart what two projects call by one name', async () => {
    const root = scratch();
    const registry = new DestinationRegistry(path.join(root, 'state'));
    const [first, second] = [await project(root, 'a', '/mnt/a'), await project(root, 'b', '/mnt/b')];
    expect(registry.idOf('nas', first)).toBe('nas');
    expect(registry.register('nas', first).id).toBe('nas');
    const other = registry.register('nas', second).id;
    expect(other).toMatch(/^nas~[0-9a-f]{6}$/);
    expect(registry.idOf('nas', second)).toBe(other);
    expect(await registry.find('nas')).toMatchObject({ settings: { path: '/mnt/a' } });
    expect(await registry.find(other)).toMatchObject({ settings: { path: '/mnt/b' } });
    expect([...registry.ids()].sort()).toEqual(['nas', other].sort());
  });

  it('take up a correction in the file', async () => {
    const root = scratch();
    const registry = new DestinationRegistry(path.join(root, 'state'));
    registry.register('nas', await project(root, 'a', '/mnt/tpyo'));
    await project(root, 'a', '/mnt/typo');
    expect(await registry.find('nas')).toMatchObject({ settings: { path: '/mnt/typo' }, stale: null });
  });

  it('keep their last settings when the file is gone, broken, or does not name them any more', async () => {
    const root = scratch();
    const registry = new DestinationRegistry(path.join(root, 'state'));
    registry.register('nas', await project(root, 'a', '/mnt/a'));
    const file = path.join(root, 'a/longhaul.yaml');
    for (const text of ['destinations: [', 'destinations: {}\n', null]) {
      if (text === null) rmSync(file);
      else writeFileSync(file, text);
      const found = await registry.find('nas');
      expect(found).toMatchObject({ settings: { path: '/mnt/a' } });
      expect(found?.stale).not.toBeNull();
    }
  });

  it('follow a project that was moved', async () => {
    const root = scratch();
    const registry = new DestinationRegistry(path.join(root, 'state'));
    registry.register('nas', await project(root, 'a', '/mnt/a'));
    renameSync(path.join(root, 'a'), path.join(root, 'moved'));
    expect(registry.register('nas', await project(root, 'moved', '/mnt/a'))).toMatchObject({ id: 'nas', definedIn: path.join(root, 'moved/longhaul.yaml') });
  });

  it('can be a folder that exists, named by its absolute path', async () => {
    const root = scratch();
    const loaded = await project(root, 'a', '/mnt/a');
    const registry = new DestinationRegistry(path.join(root, 'state'));
    expect(registry.register(`${root}/a/`, loaded)).toMatchObject({ id: path.join(root, 'a'), settings: { type: 'local', path: path.join(root, 'a') }, definedIn: null });
    expect(await registry.find(path.join(root, 'a'))).toMatchObject({ settings: { type: 'local' } });
    expect(registry.ids()).toEqual([]);
    expect(() => registry.register(path.join(root, 'missing'), loaded)).toThrow(/not a folder that exists/);
    expect(() => registry.register('./a', loaded)).toThrow(/not an absolute path/);
  });

  it('say what was meant by a name that nobody knows', async () => {
    const root = scratch();
    const loaded = await project(root, 'a', '/mnt/a');
    const registry = new DestinationRegistry(path.join(root, 'state'));
    expect(() => registry.register('nsa', loaded)).toThrow(expect.objectContaining({ code: 'CONFIG', hint: 'did you mean nas?' }));
    expect(await registry.find('nsa')).toBeNull();
  });
});
