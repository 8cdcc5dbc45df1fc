import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { describeOutcome, processInfo, systemRunner } from '../src/index.ts';
import { tempFolder } from './temp-folder.ts';
import { until } from './until.ts';

const sh = (script: string, ...args: string[]) => ({ program: 'sh', args: ['-c', script, 'sh', ...args] });
const isGone = (pid: number): boolean => [undefined, 'zombie'].includes(processInfo(pid)?.state);

/** For a process that a test leaves behind on purpose. */
function endLater(pid: number): void {
  onTestFinished(() => { if (!isGone(pid)) process.kill(pid, 'SIGKILL'); });
}

describe.each(['execa', 'node'] as const)('with %s', (engine) => {
  const runner = systemRunner({ engine });

  describe('what a program is given', () => {
    it('hands every argument over byte for byte', async () => {
      const args = ['a b', '"\'', 'x\ny', '; touch x', '#(id)', '$HOME `id`', '--help', '', 'ñ 日本 🚚', '*', '\\', '\t'];
      const outcome = await runner.run({ program: 'printf', args: [String.raw`%s\0`, '--', ...args] });
      expect(outcome.stdout.text).toBe(['--', ...args, ''].join('\0'));
    });

    it('controls the environment: set, unset, or nothing but what is given', async () => {
      const { env } = process;
      env['LONGHAUL_TEST_INHERITED'] = 'yes';
      onTestFinished(() => { delete env['LONGHAUL_TEST_INHERITED']; });
      const read = { program: '/usr/bin/env', args: ['-0'] };
      const inherited = await runner.run({ ...read, env: { set: { A: 'x\ny=z "q"' } } });
      const without = await runner.run({ ...read, env: { unset: ['LONGHAUL_TEST_INHERITED', 'A'], set: { A: '' } } });
      const exact = await runner.run({ ...read, env: { base: 'empty', set: { B: 'ü' } } });
      expect(inherited.stdout.text.split('\0')).toEqual(expect.arrayContaining(['A=x\ny=z "q"', 'LONGHAUL_TEST_INHERITED=yes']));
      expect(without.stdout.text.split('\0')).toContain('A=');
      expect(without.stdout.text).not.toContain('LONGHAUL_TEST_INHERITED');
      expect(exact.stdout.text).toBe('B=ü\0');
    });

    it('looks the program up on the PATH that the program gets', async () => {
      const folder = tempFolder();
      writeFileSync(join(folder, 'longhaul-here'), '#!/bin/sh\necho found\n', { mode: 0o755 });
      const outcome = await runner.run({ program: 'longhaul-here', env: { set: { PATH: folder } } });
      expect(outcome.stdout.text).toBe('found\n');
    });

    it('runs in the directory that is named, and passes descriptors on', async () => {
      const folder = tempFolder();
      const fd = openSync(join(folder, 'out'), 'w');
      const outcome = await runner.run({ program: 'pwd', args: ['-P'], cwd: folder, stdout: { fd } });
      closeSync(fd);
      expect([outcome.kind, outcome.stdout.text, readFileSync(join(folder, 'out'), 'utf8')]).toEqual(['exited', '', `${folder}\n`]);
    });
  });

  describe('what cannot be started', () => {
    it('tells a missing directory and a missing interpreter from a missing program', async () => {
      const folder = tempFolder();
      const script = join(folder, 'script');
      writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
      expect(await runner.run({ program: 'true', cwd: join(folder, 'none') })).toMatchObject({ kind: 'spawnFailed', errno: 'ENOENT', reason: expect.stringContaining('working directory') as string });
      expect(await runner.run({ program: script })).toMatchObject({ kind: 'spawnFailed', errno: 'ENOENT', reason: expect.stringContaining('interpreter') as string });
      expect(await runner.run({ program: join(folder, 'none') })).toMatchObject({ kind: 'notFound' });
      expect(await runner.run({ program: './script', cwd: folder })).toMatchObject({ kind: 'spawnFailed' });
      chmodSync(script, 0o644);
      expect(await runner.run({ program: script })).toMatchObject({ kind: 'spawnFailed', errno: 'EACCES' });
    });

    it('says so when arguments are too long for the system, or hold what no system takes', async () => {
      expect(await runner.run({ program: 'true', args: ['x'.repeat(4_000_000)] })).toMatchObject({ kind: 'spawnFailed', errno: 'E2BIG' });
      expect(await runner.run({ program: 'true', args: ['a\0b'] })).toMatchObject({ kind: 'spawnFailed', errno: 'EINVAL' });
      expect(await runner.run({ program: '' })).toMatchObject({ kind: 'spawnFailed', errno: 'EINVAL' });
    });

    it('does not quote a value of the environment that it refuses', async () => {
      const outcome = await runner.run({ program: 'true', env: { set: { KEY: 'hunter2\0' } } });
      expect(outcome.kind).toBe('spawnFailed');
      expect(JSON.stringify(outcome) + describeOutcome(outcome)).not.toContain('hunter2');
    });
  });

  describe('process groups', () => {
    it('gives a program a group and session of its own, or ours', async () => {
      const read = sh('cat /proc/$$/stat');
      const [own, ours] = await Promise.all([runner.run(read), runner.run({ ...read, group: 'inherit' })]);
      const group = (text: string): string[] => text.split(') ')[1]!.split(' ').slice(2, 4);
      expect(group(own.stdout.text)).toEqual([String(own.pid), String(own.pid)]);
      expect(group(ours.stdout.text)[0]).toBe(String(processInfo(process.pid)!.pgid));
    });

    it('ends the children with the program, those that ignore the first signal too', async () => {
      const children: number[] = [];
      const aborter = new AbortController();
      const onLine = (line: string): void => {
        children.push(Number(line));
        if (children.length === 2) aborter.abort();
      };
      // The leader ends by TERM at once; one of its children does not.
      const script = 'tail -f /dev/null & echo $!; (trap "" TERM; sh -c \'echo $PPID\'; while :; do tail -f /dev/null; done) & wait';
      const outcome = await runner.run({ ...sh(script), signal: aborter.signal, killGraceMs: 200, stdout: { onLine } });
      expect(outcome).toMatchObject({ kind: 'cancelled', signal: 'SIGTERM', escalated: true });
      expect(children.map(isGone)).toEqual([true, true]);
    });

    it('ends a program that is stopped', async () => {
      await using running = await runner.spawn(sh('kill -STOP $$'));
      await until('the program has stopped itself', () => processInfo(running.pid!)?.state === 'stopped');
      expect(await running.end('enough')).toMatchObject({ kind: 'cancelled', signal: 'SIGTERM', escalated: false, reason: 'enough' });
    });

    it('gives up an output that a process left behind holds open, and says so', async () => {
      const outcome = await runner.run({ ...sh('tail -f /dev/null & echo $!'), drainMs: 100 });
      endLater(Number(outcome.stdout.text));
      expect(outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
      expect(outcome.stdout).toMatchObject({ complete: false, truncated: false });
      expect(isGone(Number(outcome.stdout.text))).toBe(false);
    });

    it('waits for an output that a process left behind still writes', async () => {
      const folder = tempFolder();
      const go = join(folder, 'go');
      await runner.run({ program: 'mkfifo', args: [go] });
      const onLine = (line: string): void => { if (line === 'first') writeFileSync(go, 'now\n'); };
      const outcome = await runner.run({ ...sh('(read -r x < "$1"; echo "$x") & echo first', go), drainMs: 30_000, stdout: { onLine } });
      expect([outcome.kind, outcome.stdout.text, outcome.stdout.complete]).toEqual(['exited', 'first\nnow\n', true]);
    });
  });

  describe('many at once', () => {
    it('keeps fifty programs apart', async () => {
      const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => runner.run(sh('cat; echo "$1"; exit "$1"', String(index)))));
      expect(outcomes.map((outcome) => [outcome.kind === 'exited' && outcome.exitCode, outcome.stdout.text])).toEqual(outcomes.map((_, index) => [index, `${String(index)}\n`]));
    });
  });
});
