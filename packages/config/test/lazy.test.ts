import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { projectFolder } from './project-folder.ts';

const PACKAGE = path.resolve(import.meta.dirname, '..');
const LOADED = `
import { registerHooks } from 'node:module';
const seen = [];
registerHooks({ resolve(specifier, context, next) { if (/^(zod|yaml)$/.test(specifier)) seen.push(specifier); return next(specifier, context); } });
const { loadConfig } = await import('@longhaul/config');
await loadConfig({ cwd: process.env.PROJECT, home: process.env.PROJECT, env: {} });
console.log(seen.length === 0 ? 'neither' : [...new Set(seen)].sort().join(' '));
`;

function node(code: string, env: Readonly<Record<string, string>> = {}): string {
  return execFileSync(process.execPath, ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval', code], {
    cwd: PACKAGE,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
}

it('loads neither zod nor yaml where there is no file, and both where there is one', () => {
  const folder = projectFolder();
  expect(node(LOADED, { PROJECT: folder.project }).trim()).toBe('neither');
  folder.write('project/longhaul.yaml', '');
  expect(node(LOADED, { PROJECT: folder.project }).trim()).toBe('yaml zod');
});

it('runs the example of the README', () => {
  const example = /```ts\n([^]*?)```/.exec(readFileSync(path.join(PACKAGE, 'README.md'), 'utf8'))?.[1] ?? '';
  const folder = projectFolder();
  const output = node(example.replace("'./'", JSON.stringify(folder.project)));
  expect(output).toContain('longhaul (default)');
  expect(output).toContain('"draft-2020-12 schema"');
});
