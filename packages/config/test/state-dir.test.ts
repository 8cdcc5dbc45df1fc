import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { ensureStateDir, resolveStateDir } from '../src/index.ts';
import { projectFolder } from './project-folder.ts';

it('takes LONGHAUL_STATE_DIR, then XDG_STATE_HOME, then the home', () => {
  expect(resolveStateDir({ LONGHAUL_STATE_DIR: '/a/b/', XDG_STATE_HOME: '/x' }, '/home/me')).toBe('/a/b');
  expect(resolveStateDir({ XDG_STATE_HOME: '/x' }, '/home/me')).toBe('/x/longhaul');
  expect(resolveStateDir({ LONGHAUL_STATE_DIR: '' }, '/home/me')).toBe('/home/me/.local/state/longhaul');
});

it('ignores a relative XDG path, and refuses a relative path of our own', () => {
  expect(resolveStateDir({ XDG_STATE_HOME: 'x' }, '/home/me')).toBe('/home/me/.local/state/longhaul');
  expect(() => resolveStateDir({ LONGHAUL_STATE_DIR: 'here' }, '/home/me')).toThrow(/not an absolute path/);
});

it('creates the directory closed to others, and closes one that was open', () => {
  const { root } = projectFolder();
  const made = path.join(root, 'a/b');
  ensureStateDir(made);
  expect(statSync(made).mode & 0o777).toBe(0o700);
  const open = path.join(root, 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  ensureStateDir(open);
  expect(statSync(open).mode & 0o777).toBe(0o700);
});

it('refuses a file in its place', () => {
  const file = projectFolder().write('state', '');
  expect(() => {
    ensureStateDir(file);
  }).toThrow(/is not a directory/);
});
