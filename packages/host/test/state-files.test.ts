import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { createFile, replaceFile } from '../src/atomic-file.ts';
import { BoundedLog, hostId } from '../src/index.ts';
import { workerEnvironment } from '../src/worker/ensure-worker.ts';
import { scratch } from './scratch.ts';

const execute = promisify(execFile);
const MODULE = path.resolve(import.meta.dirname, '../src/host-id.ts');

it('gives a state directory one id, however many processes ask first', async () => {
  const folder = scratch();
  const code = `import { hostId } from ${JSON.stringify(MODULE)}; console.log(hostId(${JSON.stringify(folder)}));`;
  const asked = await Promise.all(Array.from({ length: 4 }, async () => await execute(process.execPath, ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval', code])));
  const ids = new Set(asked.map(({ stdout }) => stdout.trim()));
  expect([...ids]).toEqual([hostId(folder)]);
  expect(hostId(folder)).toMatch(/^[0-9a-f]{32}$/);
  expect(hostId(scratch())).not.toBe(hostId(folder));
});

it('does not replace a damaged id: published results would be a stranger\'s', () => {
  const folder = scratch();
  writeFileSync(path.join(folder, 'host-id'), '');
  expect(() => hostId(folder)).toThrow(/is damaged/);
  expect(readFileSync(path.join(folder, 'host-id'), 'utf8')).toBe('');
});

it('creates a file once and replaces it whole, readable by nobody else', () => {
  const file = path.join(scratch(), 'sub/file');
  expect(createFile(file, 'one')).toBe('created');
  expect(createFile(file, 'two')).toBe('exists');
  expect(readFileSync(file, 'utf8')).toBe('one');
  replaceFile(file, 'three');
  expect(readFileSync(file, 'utf8')).toBe('three');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('bounds a log to two files of the given size, 0600', () => {
  const file = path.join(scratch(), 'worker.log');
  const log = new BoundedLog(file, 500);
  for (let line = 0; line < 100; line++) expect(log.line(`line ${String(line)}\nsecond`)).toBe(true);
  expect(statSync(file).size).toBeLessThan(600);
  expect(statSync(`${file}.1`).size).toBeLessThan(600);
  expect(readFileSync(file, 'utf8')).toContain('line 99\n  second');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('does not let a log that cannot be written end the work', () => {
  expect(new BoundedLog(path.join(scratch(), 'no/such/folder/log')).line('x')).toBe(false);
});

it('hands the detached worker what transfers need, and none of a job\'s secrets', () => {
  const env = { HOME: '/h', PATH: '/bin', SSH_AUTH_SOCK: '/s', LC_ALL: 'C', XDG_CONFIG_HOME: '/x', LONGHAUL_STATE_DIR: '/l', LONGHAUL_RUN_ID: 'r', API_TOKEN: 't', AWS_SECRET_ACCESS_KEY: 'k' };
  expect(workerEnvironment(env)).toEqual({ HOME: '/h', PATH: '/bin', SSH_AUTH_SOCK: '/s', LC_ALL: 'C', XDG_CONFIG_HOME: '/x', LONGHAUL_STATE_DIR: '/l' });
});
