import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { requireService, runToEnd } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import { exitRecord, logHas, logOf, makeSpec, sh, tmuxBed } from './tmux-bed.ts';
import type { TmuxBed } from './tmux-bed.ts';

const SECRET = `s3cret-${String(process.pid)}-${Math.random().toString(36).slice(2)}`;

/** Prints its arguments as hexadecimal, one line each: what a terminal would do to them does not matter. */
const HEX = 'for argument do printf %s "$argument" | od -An -v -tx1 | tr -d " \\n"; echo; done';

const ODD = [
  'two words', ' leading and trailing ', "it's", '"double"', 'back\\slash', 'back\\', 'new\nline', '\n', ';', 'end;', '; touch x', '#(touch x)', '#{pane_pid}', '#[fg=red]', '$HOME', '${HOME}',
  '$(touch x)', '`touch x`', '-leading', '--', '-', '', '*', '?', '~', '!', '!!', '&', '|', '<', '>', '(', ')', '{', '}', '[', ']', '%s', '%H:%M', '\t', '\r', '\x01', '\x1b[31m', '\x7f',
  'grün', '火車', '\u{1f680}', 'é', 'e\u0301', '\u0080\u0081\u0088', 'a'.repeat(20_000),
];

function hexOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex');
}

describe.runIf(requireService('tmux', 'script'))('what a job is given', () => {
  it.each([{ locale: 'C' }, { locale: 'C.UTF-8' }, { locale: 'nonsense' }])('arguments byte for byte under LC_ALL=$locale, and nothing of them is executed', async ({ locale }) => {
    const bed = await tmuxBed();
    const { run } = await bed.start('odd', sh(HEX, ...ODD), { env: [{ name: 'PATH', value: process.env['PATH'] ?? '' }, { name: 'LC_ALL', value: locale }] });
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 0 });
    expect((await logOf(run)).replace(/\r\n$/, '').split('\r\n')).toEqual(ODD.map(hexOf));
    expect(readdirSync(bed.work)).not.toContain('x');
  });

  it('a working directory and a command with any characters in their names', async () => {
    const bed = await tmuxBed();
    const folder = join(bed.work, `odd #(touch x) 'q" $HOME; \\ ü\nend`);
    await mkdir(folder);
    writeFileSync(join(folder, 'my job; #(x)'), '#!/bin/sh\npwd | od -An -v -tx1 | tr -d " \\n"\n', { mode: 0o755 });
    const { run } = await bed.start('odd', ['./my job; #(x)'], { workingDir: folder });
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 0 });
    expect(Buffer.from(await logOf(run), 'hex').toString('utf8')).toBe(`${folder}\n`);
  });

  it('exactly the environment of its spec, with TERM of its terminal and the tag', async () => {
    const bed = await tmuxBed();
    const given = { PATH: process.env['PATH'] ?? '', HOME: '/home/somebody', SHELL: '/bin/zsh', OLDPWD: '/old', UID: '1234', IFS: 'x', A_B1: "'\"$\\`\n#;", EMPTY: '', BIG: 'b'.repeat(100_000) };
    const terminal = { TERM: 'the-callers', TMUX: '/callers,1,2', TMUX_PANE: '%99', COLUMNS: '1', LINES: '1', PWD: '/callers', LONGHAUL_RUN_ID: '01J00000000000000000000000' };
    const env = Object.entries({ ...given, ...terminal }).map(([name, value]) => ({ name, value }));
    const { run } = await bed.start('env', ['cp', '/proc/self/environ', join(bed.work, 'env')], { env });
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 0 });
    const seen = new Map(readFileSync(join(bed.work, 'env'), 'utf8').split('\0').filter((line) => line !== '').map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    const { TERM, PWD, LONGHAUL_RUN_ID, _: __, SHLVL: ___, ...rest } = Object.fromEntries(seen);
    expect(rest).toEqual(given);
    expect({ PWD, LONGHAUL_RUN_ID }).toEqual({ PWD: bed.work, LONGHAUL_RUN_ID: run.runId });
    expect(TERM).toMatch(/^(?:tmux|screen)/);
  });

  it('no open file but its terminal', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('files', ['ls', '-l', '/proc/self/fd']);
    await exitRecord(bed, run);
    const targets = (await logOf(run)).split('\r\n').flatMap((line) => / -> (.*)$/.exec(line)?.[1] ?? []);
    expect(targets.slice(0, 3).every((target) => target.startsWith('/dev/pts/'))).toBe(true);
    expect(targets.slice(3)).toEqual([expect.stringMatching(/^\/proc\/\d+\/fd$/)]);
  });

  it('the environment, umask and directory of its own caller, not of whoever started the tmux server', async () => {
    const bed = await tmuxBed();
    const script = sh('umask; pwd; echo "[$WHOSE] [$ONLY_FIRST]"');
    const first = await bed.start('first', script, { umask: 0o077, workingDir: '/', env: [{ name: 'PATH', value: '/usr/bin:/bin' }, { name: 'WHOSE', value: 'first' }, { name: 'ONLY_FIRST', value: 'yes' }] });
    await exitRecord(bed, first.run);
    const second = await bed.start('second', script, { umask: 0o002, workingDir: bed.work, env: [{ name: 'PATH', value: '/usr/bin:/bin' }, { name: 'WHOSE', value: 'second' }] });
    await exitRecord(bed, second.run);
    expect(await logOf(first.run)).toBe('0077\r\n/\r\n[first] [yes]\r\n');
    expect(await logOf(second.run)).toBe(`0002\r\n${bed.work}\r\n[second] []\r\n`);
  });

  it('nothing that another run left in a tmux server that is not ours', async () => {
    const bed = await tmuxBed();
    // A server that somebody started from inside a job, with that run's tag and things of theirs in its environment.
    const tagged = { PATH: process.env['PATH'], TMUX_TMPDIR: bed.tmux.tmpdir, LONGHAUL_RUN_ID: '01J00000000000000000000000', THEIRS: 'leak' };
    await runToEnd('tmux', ['-L', 'shared', '-f', '/dev/null', 'new-session', '-d', '-s', 'theirs', 'sleep 1000'], { env: tagged });
    const backend = bed.another({ socket: { name: 'shared' }, server: 'shared' });
    const spec = bed.spec('train', sh('echo "[$THEIRS]"; sleep 1000'));
    const run = await bed.prepare(spec);
    expect(await backend.start(spec, run)).toMatchObject({ state: 'running', socketName: 'shared' });
    expect(await logHas(run, ']')).toBe('[]\r\n');
    const { launcherPid } = JSON.parse(readFileSync(join(run.path, 'start.json'), 'utf8')) as { launcherPid: number };
    expect(readFileSync(`/proc/${String(launcherPid)}/environ`, 'latin1')).not.toContain('LONGHAUL_RUN_ID');
    expect(await runToEnd('tmux', ['-L', 'shared', 'show-options', '-s', 'exit-empty'], { env: tagged })).toMatchObject({ stdout: Buffer.from('exit-empty on\n') });
    await backend.stop('train', { how: 'force' });
    await runToEnd('tmux', ['-L', 'shared', 'kill-server'], { env: tagged });
  });
});

describe.runIf(requireService('tmux', 'script'))('a secret in the environment', () => {
  it('is in the 0600 file and in the job, and nowhere else', async () => {
    const bed = await tmuxBed();
    const env = [...makeSpec('x', ['true'], {}).env, { name: 'API_TOKEN', value: SECRET }];
    const { run } = await bed.start('train', sh('[ ${#API_TOKEN} -gt 10 ] && echo have it; sleep 1000'), { env, secretEnv: ['API_TOKEN'] });
    await logHas(run, 'have it');
    expect(argvsWith(SECRET)).toEqual([]);
    for (const show of [['show-environment', '-g'], ['show-environment', '-t', '=train:'], ['show-options', '-g'], ['show-options', '-s']]) expect(await bed.tmux.tmux(...show)).not.toContain(SECRET);
    const holders = filesWith(bed.stateDir, SECRET);
    expect(holders).toEqual([run.envFile]);
    expect(statSync(run.envFile).mode & 0o777).toBe(0o600);
    const { program, args, env: beside } = await bed.backend.exec('train', ['sh', '-c', 'echo "${#API_TOKEN}"; pwd']);
    expect(JSON.stringify([args, beside])).not.toContain(SECRET);
    expect((await runToEnd(program, args, { env: beside })).stdout.toString()).toBe(`${String(SECRET.length)}\n${bed.work}\n`);
    const failure: unknown = await bed.start('train', sh('true'), { env, secretEnv: ['API_TOKEN'] }).catch((error: unknown) => error);
    expect(JSON.stringify(failure) + String(failure)).not.toContain(SECRET);
    await bed.backend.stop('train', { how: 'force' });
  });

  it('does not come into the error of a start that fails', async () => {
    const bed = await tmuxBed();
    const env = [{ name: 'PATH', value: '/usr/bin:/bin' }, { name: 'API_TOKEN', value: SECRET }];
    const failure: unknown = await bed.start('train', ['no-such-program'], { env, secretEnv: ['API_TOKEN'] }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SESSION_START', reason: 'command not found: no-such-program' });
    expect(JSON.stringify(failure)).not.toContain(SECRET);
    const refused: unknown = await bed.start('other', ['true'], { env: [{ name: 'NOT A NAME', value: SECRET }] }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'SESSION_CONFIG' });
    expect(JSON.stringify(refused)).not.toContain(SECRET);
  });
});

describe.runIf(requireService('tmux', 'script'))('a start that cannot be', () => {
  const start = async (bed: TmuxBed, command: readonly string[], workingDir = bed.work): Promise<unknown> => bed.start('train', command, { workingDir }).catch((error: unknown) => error);

  it.each([
    { what: 'a command that is not on PATH', command: ['no-such-program'], reason: 'command not found: no-such-program' },
    { what: 'a path that is not there', command: ['./nope'], reason: 'no such file: ./nope' },
    { what: 'a directory', command: ['/etc'], reason: 'permission denied: /etc' },
    { what: 'a builtin of sh', command: ['cd', '/'], reason: expect.stringContaining('cd') as unknown },
    { what: 'a script whose interpreter is missing', command: ['./script'], reason: expect.stringContaining('script') as unknown },
    { what: 'a file that is no program', command: ['./data'], reason: 'permission denied: ./data' },
  ])('$what', async ({ command, reason }) => {
    const bed = await tmuxBed();
    writeFileSync(join(bed.work, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 });
    writeFileSync(join(bed.work, 'data'), 'text', { mode: 0o644 });
    expect(await start(bed, command)).toMatchObject({ code: 'SESSION_START', backend: 'tmux', sessionName: 'train', reason });
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'exited', exitCode: null, reason: 'start-failed' } });
  });

  it('a directory that is not there', async () => {
    const bed = await tmuxBed();
    expect(await start(bed, sh('true'), '/no/such/folder')).toMatchObject({ code: 'SESSION_START', reason: 'the working directory cannot be entered: /no/such/folder' });
  });

  it('is told apart from a job that exits 127 or 126 itself', async () => {
    const bed = await tmuxBed();
    for (const code of [126, 127]) {
      const { run } = await bed.start(`code-${String(code)}`, sh(`exit ${String(code)}`));
      expect(await exitRecord(bed, run)).toMatchObject({ exitCode: code, reason: 'exit' });
    }
  });

  it('an environment that is too large for the system', async () => {
    const bed = await tmuxBed();
    const env = [...makeSpec('x', ['true'], {}).env, { name: 'HUGE', value: 'x'.repeat(200_000) }];
    const failure: unknown = await bed.start('train', ['/bin/true'], { env }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SESSION_START' });
    expect(String(failure)).not.toContain('xxxx');
  });
});

/** Command lines of all processes that have this text. */
function argvsWith(text: string): readonly string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).flatMap((pid) => {
    try {
      const argv = readFileSync(join('/proc', pid, 'cmdline'), 'latin1');
      return argv.includes(text) ? [argv] : [];
    } catch {
      return [];
    }
  });
}

function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, 'latin1').includes(text));
}
