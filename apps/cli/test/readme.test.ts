import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { lookUp } from '../src/look-up.ts';

const PACKAGE = path.resolve(import.meta.dirname, '..');
const README = readFileSync(path.join(PACKAGE, 'README.md'), 'utf8');

it('runs the example of the README', async () => {
  const example = /```ts\n([^]*?)```/.exec(README)?.[1] ?? '';
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval', example], { cwd: PACKAGE });
  const [json = '', ok] = stdout.trim().split('\n');
  expect(JSON.parse(json)).toMatchObject({ schemaVersion: 1, data: { longhaul: expect.any(String) as string }, warnings: [] });
  expect(ok).toBe('true');
});

it('names only commands that there are', async () => {
  const lines = [...README.matchAll(/^longhaul (.*)$/gm)].map(([, line = '']) => line.split('#')[0]?.trim().split(/\s+/) ?? []);
  expect(lines.length).toBeGreaterThan(8);
  for (const argv of lines) expect((await lookUp(argv)).kind).toBe('command');
});
