import type os from 'node:os';

import { expect, it, vi } from 'vitest';

import { findConfigFiles, resolveStateDir } from '../src/index.ts';

vi.mock('node:os', async (original) => {
  const real = await original<typeof os>();
  // What Node does for a uid that no table of users knows, where HOME is not set.
  const homedir = (): string => { throw Object.assign(new Error('A system error occurred: uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' }); };
  return { ...real, homedir, default: { ...real, homedir } };
});

it('finds settings and state of a user who has no home', () => {
  expect(findConfigFiles({ cwd: '/', env: {} })).toEqual({ project: null, user: null, warnings: [] });
  expect(resolveStateDir({ LONGHAUL_STATE_DIR: '/srv/state' })).toBe('/srv/state');
  expect(resolveStateDir({})).toBe('/nonexistent/.local/state/longhaul');
});
