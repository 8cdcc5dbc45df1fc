import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import { cliWorld } from './cli-world.ts';

const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];
const lines = (stdout: string): readonly string[] => stdout.replaceAll('\r', '').split('\n').filter((line) => line !== '');

interface LogRecord {
  readonly type: string;
  readonly kind?: string;
  readonly runId: string;
  readonly cursor?: string;
  readonly text?: string;
}

const recordsOf = (stdout: string): readonly LogRecord[] => stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as LogRecord);

describe.runIf(requireService('tmux', 'script'))('logs on the command line', () => {
  it('-f goes on over the attempts of a restart loop, says so on stderr, and ends with the last', async () => {
    const world = cliWorld();
    await world.json(['start', 'flaky', '-C', world.project, '--restart', 'on-failure', '--restart-delay', '50ms', ...sh('echo x >> times; n=$(wc -l < times); echo "attempt $n"; [ $n -ge 3 ] || exit $n')]);
    const first = (await world.json<{ runs: readonly { runId: string }[] }>(['history', 'flaky'])).runs.at(-1)?.runId ?? '';
    const followed = await world.longhaul(['logs', 'flaky', '-f', '--after', `${first}:0`]);
    expect(followed.code).toBe(0);
    expect(lines(followed.stdout).filter((line) => line.startsWith('attempt'))).toEqual(['attempt 1', 'attempt 2', 'attempt 3']);
    expect(followed.stderr).toMatch(/flaky: attempt 2 began \(exit 1 before\)\n[^]*flaky: attempt 3 began \(exit 2 before\)\n[^]*flaky: exit 0\n$/);
  });

  it('-f goes on over longhaul restart', async () => {
    const world = cliWorld();
    await world.json(['start', 'bot', ...sh('echo up; read line; echo "got $line"')]);
    const call = world.start(['logs', 'bot', '-f']);
    await waitFor(() => call.stdout().includes('up'), { what: 'the first line', deadline: 60_000 });
    expect(await world.longhaul(['restart', 'bot'])).toMatchObject({ code: 0 });
    await waitFor(() => call.stdout().split('up').length === 3, { what: 'the first line of the new run', deadline: 60_000 });
    await world.longhaul(['send', 'bot', 'word', '--enter']);
    const { code, stderr } = await call.ended;
    expect(code).toBe(0);
    expect(call.stdout()).toMatch(/up[^]*up[^]*got word/);
    expect(stderr).toContain('bot: a new run began');
  });

  it('of several have the name before each line; -F goes on until Ctrl-C', async () => {
    const world = cliWorld();
    await world.longhaul(['run', 'long-name', ...sh('echo one; printf two')]);
    await world.json(['start', 'b', ...sh('echo three; read line; echo four')]);
    expect((await world.longhaul(['logs', 'long-name'])).stdout.replaceAll('\r', '')).toBe('one\ntwo');
    const both = await world.longhaul(['logs', 'long-name', 'b', '--plain']);
    expect(lines(both.stdout).toSorted()).toEqual(['b         | three', 'long-name | one', 'long-name | two']);
    const all = world.start(['logs', '--all', '-F']);
    await waitFor(() => all.stdout().includes('b | three'), { what: 'the session that runs', deadline: 60_000 });
    await world.longhaul(['start', 'late', ...sh('echo five')]);
    await waitFor(() => all.stdout().includes('late | five'), { what: 'the session that started later', deadline: 60_000 });
    expect(all.stdout()).not.toContain('one');
    await world.longhaul(['send', 'b', '--enter']);
    await waitFor(() => /^b +\| four\n/m.test(all.stdout()), { what: 'the last line', deadline: 60_000 });
    all.process.kill('SIGINT');
    expect((await all.ended).code).toBe(130);
  });

  it('--json has cursors that take up any reader where it was, and --after says what it cannot use', async () => {
    const world = cliWorld();
    await world.longhaul(['run', 'job', ...sh('echo one; echo two')]);
    const all = recordsOf((await world.longhaul(['logs', 'job', '--json'])).stdout);
    expect(all.every(({ type }) => type === 'log')).toBe(true);
    const [runId, end] = (all.at(-1)?.cursor ?? '').split(':');
    expect(runId).toBe(all[0]?.runId);
    await world.longhaul(['run', 'job', ...sh('echo three')]);
    const rest = recordsOf((await world.longhaul(['logs', 'job', '--json', '--after', `${runId ?? ''}:${String(Number(end) - 5)}`])).stdout);
    expect(rest.map(({ type, kind, text }) => kind ?? (type === 'log' ? text : ''))).toEqual(['two\r\n', 'began', 'three\r\n']);
    expect(await world.longhaul(['logs', 'job', '--after', 'nonsense'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--json') as string });
    expect(await world.longhaul(['logs', 'job', 'other', '--after', 'x'])).toMatchObject({ code: 2 });
    expect(await world.longhaul(['logs'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--all') as string });
    expect(await world.longhaul(['logs', 'job', '--stream', 'stderr'])).toMatchObject({ code: 2, stderr: expect.stringContaining('terminal') as string });
    expect(await world.longhaul(['logs', 'job', 'nobody'])).toMatchObject({ code: 3, stdout: '' });
  });

  it('a log is held to its limit by whatever command comes by, and who reads it is told what is gone', async () => {
    const world = cliWorld();
    await world.json(['start', 'loud', '--max-log', '1MB', ...sh('seq -f "%09.0f" 1 300000; echo end; read line')]);
    await waitFor(async () => (await world.longhaul(['logs', 'loud', '-n', '1'])).stdout.startsWith('end'), { what: 'the last line', deadline: 90_000, interval: 500 });
    const { stdout, stderr } = await world.longhaul(['logs', 'loud']);
    expect(stderr).toMatch(/longhaul: … [\d.]+ MB of older output of loud were dropped/);
    const shown = lines(stdout);
    expect(shown.slice(-2)).toEqual(['000300000', 'end']);
    expect(shown.length).toBeLessThan(110_000);
    expect(shown[0]).toMatch(/^\d{9}$/);
  });

  it('ends quietly when its reader does', async () => {
    const world = cliWorld();
    await world.longhaul(['run', 'long', ...sh('seq 1 100000')]);
    const main = path.resolve(import.meta.dirname, '../src/main.ts');
    const pipe = spawn('bash', ['-o', 'pipefail', '-c', '"$@" | head -n 2; echo "codes ${PIPESTATUS[*]}"', 'bash', process.execPath, '--conditions=@longhaul/source', main, 'logs', 'long'], { env: world.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    pipe.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    pipe.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    await once(pipe, 'close');
    expect(out.replaceAll('\r', '')).toBe('1\n2\ncodes 0 0\n');
    expect(err).toBe('');
  });
});
