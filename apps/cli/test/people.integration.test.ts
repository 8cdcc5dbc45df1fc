import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { DoctorRow } from '@longhaul/host';
import type { JobUsage, SessionStatus } from '@longhaul/sessions';
import { requireService, runProgram, runToEnd, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

const sh = (script: string, ...args: readonly string[]): readonly string[] => ['--', 'sh', '-c', script, 'sh', ...args];
const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');

interface Report {
  readonly session: SessionStatus;
  readonly usage: JobUsage | null;
  readonly terminalSize: { readonly columns: number; readonly rows: number } | null;
  readonly log: { readonly path: string; readonly bytes: number } | null;
  readonly next: readonly string[];
}

/** A terminal of the test's own: what it shows, and a way to type into it. */
function terminal(world: CliWorld, args: readonly string[]): { shown(): string; type(keys: string): void; readonly ended: Promise<number | null> } {
  const command = [process.execPath, '--conditions=@longhaul/source', MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: world.project, env: world.env, stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  return { shown: () => shown, type: (keys) => child.stdin.write(keys), ended: once(child, 'exit').then(([code]) => code as number | null) };
}

describe.runIf(requireService('tmux', 'script'))('what a person asks', { timeout: 180_000 }, () => {
  it('status tells why it ended, what the code means, what it uses, where its log is, and what to do next', async () => {
    const world = cliWorld();
    await world.json(['start', 'busy', ...sh('echo up; while :; do :; done')]);
    const busy = await waitFor(async () => {
      const report = await world.json<Report>(['status', 'busy']);
      return (report.usage?.cpuMs ?? 0) > 0 ? report : null;
    }, { what: 'some processor time', deadline: 60_000 });
    expect(busy).toMatchObject({ usage: { of: 'processes', processes: 1 }, terminalSize: { columns: 80, rows: 24 }, next: ['longhaul attach busy', 'longhaul logs busy -f', 'longhaul stop busy'] });
    expect(busy.usage?.memoryBytes).toBeGreaterThan(100_000);
    expect(readFileSync(busy.log?.path ?? '', 'utf8')).toContain('up');
    expect((await world.longhaul(['status', 'busy'])).stdout).toMatch(/usage +[\d.]+ % of a processor now, .* of memory, 1 process\n +terminal +80 columns, 24 rows, tmux socket longhaul/);
    await world.longhaul(['stop', 'busy', '--force']);
    expect((await world.longhaul(['status', 'busy'])).stdout).toMatch(/why +it was stopped by .+ and had to be killed/);

    await world.longhaul(['run', 'missing', ...sh('no-such-program')]);
    expect((await world.longhaul(['status', 'missing'])).stdout).toMatch(/why +it ended by itself with code 127; 127: a program was not found/);
    await world.longhaul(['run', 'segv', ...sh('sh -c "kill -SEGV \\$\\$"; exit $?')]);
    expect((await world.longhaul(['status', 'segv'])).stdout).toMatch(/139 is what a shell makes of SIGSEGV: it touched memory that is not its own/);
  });

  it('history is filtered by state, code and time', async () => {
    const world = cliWorld();
    for (const [name, code] of [['good', 0], ['bad', 4], ['bad', 0]] as const) await world.longhaul(['run', name, ...sh(`exit ${String(code)}`)]);
    await world.json(['start', 'live', ...sh('read line')]);
    const names = async (...filters: readonly string[]): Promise<readonly string[]> => (await world.json<{ runs: readonly SessionStatus[] }>(['history', ...filters])).runs.map(({ name, exitCode }) => `${name} ${String(exitCode)}`);
    expect(await names()).toEqual(['live null', 'bad 0', 'bad 4', 'good 0']);
    expect(await names('--exit-code', 'nonzero')).toEqual(['bad 4']);
    expect(await names('bad', '--exit-code', '0')).toEqual(['bad 0']);
    expect(await names('--state', 'running')).toEqual(['live null']);
    expect(await names('--since', '1h', '--limit', '1')).toEqual(['live null']);
    expect(await names('--since', '2099-01-01')).toEqual(['live null']);
    expect(await world.longhaul(['history', '--exit-code', 'x'])).toMatchObject({ code: 2 });
    expect(await world.longhaul(['history', '--state', 'defined'])).toMatchObject({ code: 2 });
  });

  it('list shows what is only defined, filters, and says 6 where tmux cannot be asked', async () => {
    const world = cliWorld();
    world.write('longhaul.yaml', 'sessions:\n  later:\n    command: [sleep, "5"]\n  now:\n    command: [sleep, "100"]\n');
    await world.json(['start', 'now']);
    const states = async (...filters: readonly string[]): Promise<readonly string[]> => (await world.json<{ sessions: readonly SessionStatus[] }>(['list', ...filters])).sessions.map(({ name, state }) => `${name} ${state}`);
    expect(await states()).toEqual(['later defined', 'now running']);
    expect(await states('--state', 'defined')).toEqual(['later defined']);
    expect(await states('--running')).toEqual(['now running']);
    expect(await states('--foreign')).toEqual([]);
    expect((await world.longhaul(['list', '--all', '--running'])).code).toBe(2);
    expect((await world.longhaul(['status', 'later'])).stdout).toMatch(/state +defined[^]*next +longhaul start later/);
    expect(await world.longhaul(['stop', 'later'])).toMatchObject({ code: 3, stderr: expect.stringContaining('longhaul start later') as string });
    // A folder of sockets that is none: nobody can say what is there.
    const blind = path.join(world.root, 'blind');
    mkdirSync(blind);
    writeFileSync(path.join(blind, `tmux-${String(process.getuid?.() ?? 0)}`), '');
    const blindly = await world.longhaul(['list', '--json'], { env: { TMUX_TMPDIR: blind } });
    expect(blindly).toMatchObject({ code: 6 });
    expect((JSON.parse(blindly.stdout) as { data: { sessions: readonly SessionStatus[] } }).data.sessions.map(({ name }) => name)).toEqual(['later', 'now']);
  });

  it('exec passes streams, arguments and code on, in the folder that is asked for, and 125 is its own', async () => {
    const world = cliWorld();
    mkdirSync(path.join(world.project, 'odd #(x) folder'));
    await world.json(['start', 'train', '-e', 'TOKEN=abc', ...sh('read line')]);
    const odd = ['two words', "it's", '$HOME', '`x`', '', '-n', '--', 'new\nline', '火車', '\u{1f680}'];
    const hex = 'for a do printf %s "$a" | od -An -v -tx1 | tr -d " \\n"; echo; done';
    const printed = await world.longhaul(['exec', 'train', ...sh(hex, ...odd)], { env: { LC_ALL: 'C' } });
    expect(printed).toMatchObject({ code: 0, stderr: '', stdout: odd.map((text) => `${Buffer.from(text).toString('hex')}\n`).join('') });
    expect(await world.longhaul(['exec', 'train', '-C', 'odd #(x) folder', ...sh('pwd; echo "$TOKEN" >&2; exit 42')])).toMatchObject({ code: 42, stdout: `${world.project}/odd #(x) folder\n`, stderr: 'abc\n' });
    expect((await world.longhaul(['exec', 'train', '--', '/no/such/program'])).code).toBe(127);
    expect(await world.json(['exec', 'train', ...sh('echo out; echo err >&2; kill -9 $$')])).toEqual({ exitCode: null, signal: 'SIGKILL', stdout: 'out\n', stderr: 'err\n', complete: true });
    for (const args of [['exec', 'train'], ['exec', 'nobody', '--', 'true'], ['exec', 'train', '-C', 'nowhere', '--', 'true'], ['exec', 'train', 'true']]) expect([args, (await world.longhaul(args)).code]).toEqual([args, 125]);
    const inside = terminal(world, ['exec', 'train', '--', 'sh', '-c', 'test -t 0 && test -t 1 && echo a terminal; exit 5']);
    expect(await inside.ended).toBe(5);
    expect(inside.shown()).toContain('a terminal');
  });

  it('send types byte for byte: what looks like options, formats and commands, and what comes on stdin', async () => {
    const world = cliWorld();
    const typed = ["it's $HOME;", '#{pid} #(touch x)', '`x`', '火車', '\u{1f680}\\'];
    const secret = 'pass word; #{x}';
    const total = Buffer.byteLength(`${typed.join(' ')}--flag -x${secret}`);
    await world.json(['start', 'raw', ...sh('stty raw -echo; printf up; dd bs=1 count="$1" 2>/dev/null | od -An -v -tx1 | tr -d " \\n"; stty sane', String(total))]);
    await waitFor(async () => (await world.longhaul(['logs', 'raw'])).stdout.includes('up'), { what: 'the raw terminal', deadline: 60_000 });
    expect(await world.longhaul(['send', 'raw', ...typed], { env: { LC_ALL: 'C' } })).toMatchObject({ code: 0, stderr: '' });
    expect((await world.longhaul(['send', 'raw', '--', '--flag', '-x'])).code).toBe(0);
    const main = [process.execPath, '--conditions=@longhaul/source', MAIN];
    expect((await runToEnd(main[0] ?? '', [...main.slice(1), 'send', 'raw', '--stdin'], { cwd: world.project, env: world.env, input: secret })).code).toBe(0);
    expect((await world.longhaul(['wait', 'raw', '--timeout', '2m'])).code).toBe(0);
    expect((await world.longhaul(['logs', 'raw', '--plain'])).stdout).toBe(`up${Buffer.from(`${typed.join(' ')}--flag -x${secret}`).toString('hex')}`);
    expect((await world.longhaul(['send', 'raw'])).code).toBe(2);
  });

  it('attach says which keys leave before the screen is taken, and protects the job where asked', async () => {
    const world = cliWorld();
    await world.json(['start', 'screen', ...sh('trap "echo caught" INT; echo ready; while :; do read line && echo "heard $line"; done')]);
    const person = terminal(world, ['attach', 'screen', '--protect']);
    await waitFor(() => person.shown().includes('ready'), { what: 'the screen of the session', deadline: 60_000 });
    expect(person.shown()).toMatch(/^leave with Ctrl-b d: the job goes on\r\n/);
    person.type('\u0003');
    await waitFor(() => person.shown().includes('Send Ctrl-C to the job?'), { what: 'the question', deadline: 60_000 });
    person.type('n');
    person.type('hello\r');
    await waitFor(() => person.shown().includes('heard hello'), { what: 'the answer of the job', deadline: 60_000 });
    person.type('\u0002d');
    expect(await person.ended).toBe(0);
    expect((await world.longhaul(['logs', 'screen', '--plain'])).stdout).not.toContain('caught');
  });

  it('a session made by hand on another socket is listed, read, typed into, attached and stopped', async () => {
    const world = cliWorld();
    const tmux = async (...args: readonly string[]): Promise<string> => (await runProgram('tmux', ['-f', '/dev/null', '-L', 'desk', ...args], { env: world.env })).stdout;
    onTestFinished(async () => {
      await runToEnd('tmux', ['-L', 'desk', 'kill-server'], { env: world.env });
    });
    await tmux('new-session', '-d', '-s', 'my notes', 'sh -c \'echo begun; while read line; do echo "got $line"; done\'');
    await waitFor(async () => (await tmux('capture-pane', '-p')).includes('begun'), { what: 'the first line', deadline: 60_000 });
    const { sessions } = await world.json<{ sessions: readonly SessionStatus[] }>(['list', '--foreign']);
    expect(sessions).toMatchObject([{ name: 'my notes', managed: false, socketName: 'desk', state: 'running' }]);
    const report = await world.json<Report>(['status', 'my notes']);
    expect(report).toMatchObject({ session: { managed: false }, usage: { of: 'processes' }, log: null, next: ["longhaul attach 'my notes'", "longhaul stop 'my notes'"] });
    expect((await world.longhaul(['send', 'my notes', 'hello', '--enter'])).code).toBe(0);
    await waitFor(async () => (await world.longhaul(['logs', 'my notes', '--plain'])).stdout.includes('got hello'), { what: 'the answer', deadline: 60_000 });
    expect((await world.longhaul(['exec', 'my notes', '--', 'true'])).code).toBe(125);
    // What a person has as a habit gives way where the keys are not ours; what they ask for does not.
    world.write('longhaul.yaml', 'attach: { protect: true }\n');
    const person = terminal(world, ['attach', 'my notes']);
    await waitFor(() => person.shown().includes('got hello'), { what: 'its screen', deadline: 60_000 });
    expect(person.shown()).toMatch(/Ctrl-C will reach the job[^]*leave with Ctrl-b d/);
    expect(await terminal(world, ['attach', 'my notes', '--protect']).ended).toBe(1);
    person.type('\u0002d');
    expect(await person.ended).toBe(0);
    expect((await world.longhaul(['stop', 'my notes', '--force'])).code).toBe(0);
    expect((await world.longhaul(['status', 'my notes'])).code).toBe(3);
  });

  it('doctor looks at everything, says what helps, and 6 where there is a problem', async () => {
    const world = cliWorld();
    const { rows } = await world.json<{ rows: readonly DoctorRow[] }>(['doctor']);
    const stateOf = (all: readonly DoctorRow[], check: string): string | undefined => all.find((row) => row.check === check)?.state;
    for (const check of ['configuration', 'node', 'tmux', 'script', 'tmux-socket-path', 'state-directory', 'locale', 'open-files', 'tmux-servers', 'hook']) expect([check, stateOf(rows, check)]).toEqual([check, expect.stringMatching(/^(?:ok|warning)$/)]);
    const broken = await world.longhaul(['doctor', '--quiet'], { env: { TMUX_TMPDIR: `/${'long/'.repeat(30)}`, LANG: 'C', PATH: '/nonexistent' } });
    expect(broken.code).toBe(6);
    expect(broken.stdout).toMatch(/^problem\ttmux\tit is not installed[^\n]*\t[^\n]*install[^\n]*$/m);
    expect(broken.stdout).toMatch(/^problem\ttmux-socket-path\t.*\texport TMUX_TMPDIR=\/tmp/m);
    expect(broken.stdout).toMatch(/^warning\tlocale\tC,/m);
    expect(broken.stdout).not.toMatch(/^ok/m);
    world.write('longhaul.yaml', 'sessions:\n  a:\n    comand: [x]\n');
    expect(await world.longhaul(['doctor'])).toMatchObject({ code: 6, stdout: expect.stringMatching(/^problem\tconfiguration\t.*longhaul\.yaml:3:5: unknown key "comand"/m) as string });
  });
});
