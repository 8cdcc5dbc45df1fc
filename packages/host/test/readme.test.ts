import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { scratch } from './scratch.ts';

const PACKAGE = path.resolve(import.meta.dirname, '..');

it('runs the example of the README', async () => {
  const folder = scratch();
  mkdirSync(path.join(folder, 'node_modules/@longhaul'), { recursive: true });
  symlinkSync(PACKAGE, path.join(folder, 'node_modules/@longhaul/host'));
  writeFileSync(path.join(folder, 'example.mts'), /```ts\n([^]*?)```/.exec(readFileSync(path.join(PACKAGE, 'README.md'), 'utf8'))?.[1] ?? '');
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@longhaul/source', 'example.mts'], { cwd: folder, env: { ...process.env, HOME: folder } });
  expect(stdout).toBe('VERIFIED\n');
}, 60_000);
