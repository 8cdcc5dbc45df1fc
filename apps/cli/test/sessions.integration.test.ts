import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { SessionStatus } from '@longhaul/sessions';
import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

describe.runIf(requireService('tmux', 'script'))('sessions on the command line', () => {
  it('start, list, status, logs, wait, history and remove tell one story', async () => {
    const world = cliWorld();
    const started = await world.json<SessionStatus>(['start', 'train', '-e', 'COLOUR=blue', ...['-C', world.project]].concat(sh('echo "hello $COLOUR"; read line; exit 3')));
    expect(started).toMatchObject({ name: 'train', state: 'running', workingDir: world.project });
    const { sessions } = await world.json<{ sessions: readonly SessionStatus[] }>(['list']);
    expect(sessions).toMatchObject([{ name: 'train', state: 'running', runId: started.runId, managed: true }]);
    expect((await world.longhaul(['list'])).stdout).toMatch(/^train\trunning\t/);
    expect(await world.longhaul(['send', 'train', 'go on', '--enter'])).toMatchObject({ code: 0, stdout: '' });

    expect((await world.longhaul(['wait', 'train', '--timeout', '30s'])).code).toBe(3);
    const status = await world.longhaul(['status', 'train']);
    expect(status.stdout).toMatch(/state +exited 3\n +why +it ended by itself with code 3/);
    expect((await world.longhaul(['logs', 'train', '-n', '2', '--plain'])).stdout).toBe('hello blue\ngo on\n');
    const runs = (await world.json<{ runs: readonly SessionStatus[] }>(['history', 'train'])).runs;
    expect(runs).toMatchObject([{ runId: started.runId, exitCode: 3, stoppedBy: null, losses: [] }]);
    // As whoever writes a log notes it, where some of it may be missing.
    writeFileSync(path.join(world.stateDir, 'runs', started.runId ?? '', 'gaps'), '{"schemaVersion":1,"at":0,"from":null,"to":null,"why":"log-writer-killed"}\n');
    expect((await world.longhaul(['history', 'train'])).stdout).toMatch(/\texited 3\t3\t.*\tgaps\n$/);

    expect(await world.longhaul(['remove', 'train'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect((await world.longhaul(['remove', 'train', '--dry-run'])).stdout).toMatch(/would be forgotten; the history keeps 1 run/);
    expect(await world.longhaul(['rm', 'train', '--yes'])).toMatchObject({ code: 0, stdout: 'train removed; the history keeps 1 run with log and exit code\n' });
    expect(await world.longhaul(['list'])).toMatchObject({ code: 0, stdout: '' });
    expect((await world.longhaul(['logs', 'train', '--run', started.runId ?? '', '--plain'])).stdout).toContain('hello blue');
  });

  it('stop says which step ended the job, and that we asked', async () => {
    const world = cliWorld();
    await world.json(['start', 'patient', ...sh("trap 'echo bye; exit 42' INT; while :; do sleep 0.05; done")]);
    const stopped = await world.json<{ done: readonly { step: string; status: SessionStatus }[] }>(['stop', 'patient']);
    expect(stopped.done).toMatchObject([{ step: 'signal', status: { state: 'stopped', exitCode: 42 } }]);
    expect((await world.longhaul(['stop', 'patient'])).stdout).toMatch(/had ended already/);
    expect((await world.longhaul(['logs', 'patient', '--plain'])).stdout).toContain('bye');
  });

  it.each([
    [0, 'exit 0'],
    [7, 'exit 7'],
    [137, 'kill -9 $$'],
  ])('run passes on the code %d', async (code, script) => {
    const world = cliWorld();
    const result = await world.longhaul(['run', 'job', ...sh(`echo out; ${script}`)]);
    expect(result).toMatchObject({ code, stdout: expect.stringMatching(/^out\r?\n$/) as string });
  });

  it('Ctrl-C on run detaches: exit code 0, a line that says so, and the job goes on', async () => {
    const world = cliWorld();
    const call = world.start(['run', 'long', ...sh('echo begun; read line; echo "got $line"')]);
    await waitFor(() => call.stdout().includes('begun'), { what: 'the first line of the job' });
    call.process.kill('SIGINT');
    const result = await call.ended;
    expect(result).toMatchObject({ code: 0, signal: null });
    expect(result.stderr).toMatch(/long goes on.*longhaul logs long -f.*longhaul stop long/s);
    expect(await world.json<SessionStatus>(['status', 'long']).then((data) => (data as unknown as { session: SessionStatus }).session.state)).toBe('running');
    await world.longhaul(['send', 'long', 'more', '--enter']);
    expect((await world.longhaul(['wait', 'long'])).code).toBe(0);
    expect((await world.longhaul(['logs', 'long', '--plain'])).stdout).toContain('got more');
  });

  it('logs -f ends with the run, and as NDJSON each line says its version', async () => {
    const world = cliWorld();
    await world.json(['start', 'talk', ...sh('echo one; read line; echo two')]);
    const call = world.start(['logs', 'talk', '-f', '--json']);
    await waitFor(() => call.stdout().includes('one'), { what: 'the first line' });
    await world.longhaul(['send', 'talk', '--enter']);
    const { code, stdout } = await call.ended;
    expect(code).toBe(0);
    const events = stdout.trim().split('\n').map((line) => JSON.parse(line) as { schemaVersion: number; type: string; kind?: string; text?: string });
    expect(events.every(({ schemaVersion }) => schemaVersion === 1)).toBe(true);
    expect(events.map(({ text }) => text ?? '').join('')).toMatch(/one[^]*two/);
    expect(events.at(-1)).toMatchObject({ type: 'notice', kind: 'ended', before: { exitCode: 0 } });
  });

  it('Ctrl-C on logs -f and on wait is 130, a timeout of wait 124', async () => {
    const world = cliWorld();
    await world.json(['start', 'quiet', ...sh('echo up; read line')]);
    const following = world.start(['logs', 'quiet', '-f']);
    await waitFor(() => following.stdout().includes('up'));
    following.process.kill('SIGINT');
    expect(await following.ended).toMatchObject({ code: 130, signal: null });
    expect((await world.longhaul(['wait', 'quiet', '--timeout', '100ms'])).code).toBe(124);
    const waiting = world.start(['wait', 'quiet']);
    await waitFor(() => isWatching(waiting.process.pid ?? 0));
    waiting.process.kill('SIGINT');
    expect((await waiting.ended).code).toBe(130);
  });

  it('a reader that goes away ends logs -f without an error', async () => {
    const world = cliWorld();
    await world.json(['start', 'chatty', ...sh('while :; do echo line; sleep 0.01; done')]);
    const call = world.start(['logs', 'chatty', '-f']);
    await waitFor(() => call.stdout().includes('line'));
    call.process.stdout?.destroy();
    expect(await call.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('attach connects a terminal, and leaving it leaves the job', async () => {
    const world = cliWorld();
    await world.json(['start', 'screen', ...sh('echo ready; while read line; do echo "heard $line"; done')]);
    const main = path.resolve(import.meta.dirname, '../src/main.ts');
    const command = `${process.execPath} --conditions=@longhaul/source ${main} attach screen`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: world.project, env: world.env, stdio: ['pipe', 'pipe', 'inherit'] });
    let shown = '';
    terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const ended = once(terminal, 'exit');
    await waitFor(() => shown.includes('ready'), { what: 'the screen of the session' });
    terminal.stdin.write('hello\r');
    await waitFor(() => shown.includes('heard hello'), { what: 'the answer of the job' });
    terminal.stdin.write('\u0002d');
    expect((await ended)[0]).toBe(0);
    expect((await world.json<{ session: SessionStatus }>(['status', 'screen'])).session).toMatchObject({ state: 'running', attachedClients: 0 });
  });

  it('leaves nothing in the way of a job when a stop is interrupted', async () => {
    const world = cliWorld();
    await world.json(['start', 'stubborn', ...sh('sh -c "trap : INT; echo > ready; while :; do sleep 1; done"; exit 0')]);
    const { session } = await world.json<{ session: SessionStatus }>(['status', 'stubborn']);
    await waitFor(() => existsSync(path.join(world.project, 'ready')), { what: 'the job that does not end' });
    const hold = path.join(world.stateDir, 'runs', session.runId ?? '', 'stop.hold');
    const stop = world.start(['stop', 'stubborn', '--timeout', '100s']);
    await waitFor(() => existsSync(hold), { what: 'the stop that waits' });
    stop.process.kill('SIGHUP');
    expect(await stop.ended).toMatchObject({ code: 129 });
    expect(existsSync(hold)).toBe(false);
    expect(await world.longhaul(['stop', 'stubborn', '--force'])).toMatchObject({ code: 0 });
  });

  it('remove asks on a terminal; no is no, Ctrl-C is 130', async () => {
    const world = cliWorld();
    await world.longhaul(['run', 'old', '--', 'true']);
    expect(await answer(world, '\r')).toBe(1);
    expect(await answer(world, '\u0004')).toBe(1);
    expect(await world.longhaul(['remove', 'nobody'])).toMatchObject({ code: 3 });
    expect(await answer(world, '\u0003')).toBe(130);
    expect((await world.longhaul(['status', 'old'])).code).toBe(0);
    expect(await answer(world, 'y\r')).toBe(0);
    expect((await world.longhaul(['status', 'old'])).code).toBe(3);
  });

  it('names secrets nowhere, and shows what a name hides', async () => {
    const world = cliWorld();
    const secret = 'hunter2-S3CRET';
    world.write('secrets.env', `TOKEN=${secret}\n`);
    await world.json(['start', 'safe', '-e', 'OTHER', '--env-file', 'secrets.env', ...sh('test -n "$TOKEN" && test -n "$OTHER" && echo have both')], { env: { OTHER: `${secret}-2` } });
    expect((await world.longhaul(['wait', 'safe'])).code).toBe(0);
    for (const args of [['status', 'safe', '--json'], ['list', '--json'], ['history', '--json'], ['config', 'show', '--json']]) {
      const { stdout, stderr } = await world.longhaul(args);
      expect(stdout + stderr).not.toContain(secret);
    }
    await world.json(['start', 'ugly', '--', 'true', '\u001b]0;owned\u0007\u202e']);
    expect((await world.longhaul(['list'])).stdout).toContain('\\u{1b}]0;owned\\u{7}\\u{202e}');
  });

  it('starts what longhaul.yaml says, from a folder below it', async () => {
    const world = cliWorld();
    world.write('longhaul.yaml', 'sessions:\n  hello:\n    command: "pwd; echo $GREETING"\n    env: { GREETING: "hi there" }\n');
    world.write('deep/down/file', '');
    const cwd = path.join(world.project, 'deep/down');
    expect((await world.longhaul(['run', 'hello'], { cwd })).stdout.replaceAll('\r', '')).toBe(`${world.project}\nhi there\n`);
    expect((await world.longhaul(['run', 'other'], { cwd })).code).toBe(125);
  });
});

/** Types `keys` at the question of `longhaul remove old`. Gives the exit code. */
async function answer(world: CliWorld, keys: string): Promise<number | null> {
  const main = path.resolve(import.meta.dirname, '../src/main.ts');
  const terminal = spawn('script', ['-qec', `${process.execPath} --conditions=@longhaul/source ${main} remove old`, '/dev/null'], { cwd: world.project, env: world.env, stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const ended = once(terminal, 'exit');
  await waitFor(() => shown.includes('[y/N]'), { what: 'the question' });
  terminal.stdin.write(keys);
  const [code] = (await ended) as [number | null];
  if (shown.includes('defect')) throw new Error(shown);
  return code;
}

/** Whether a process has come as far as to watch a folder: it waits, and nothing that it prints would say so. */
function isWatching(pid: number): boolean {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder).some((fd) => readlinkSync(path.join(folder, fd)).includes('inotify'));
}

describe.runIf(requireService('tmux', 'script'))('exit codes', () => {
  it('tell the classes of errors apart, with a message and a hint and never a stack', async () => {
    const world = cliWorld();
    await world.json(['start', 'taken', ...sh('read line')]);
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['frobnicate'], 2, /there is no command "frobnicate"/],
      [['start', 'no/name', '--', 'true'], 2, /cannot be a session name/],
      [['start', 'x', '--', '/no/such/program'], 1, /could not be started/],
      [['status', 'missing'], 3, /"missing" was not found/],
      [['sync', 'show', '01ZZZZ'], 3, /was not found/],
      [['start', 'taken', '--', 'true'], 4, /already exists/],
      [['remove', 'taken', '--yes'], 1, /could not be stopped|still runs|is running/],
      [['attach', 'taken'], 1, /this is not a terminal/],
      [['logs', 'taken', '--config', 'nowhere.yaml'], 2, /is not there/],
      [['sync', 'push', '.', '--to', 'nas'], 2, /there is no destination "nas"/],
    ];
    for (const [args, code, message] of cases) {
      const result = await world.longhaul(args);
      expect([args.join(' '), result.code, result.stderr]).toEqual([args.join(' '), code, expect.stringMatching(message)]);
      expect(result.stderr).toMatch(/^longhaul: /);
      expect(result.stderr).not.toMatch(/\n\s+at /);
      expect(result.stdout).toBe('');
    }
  });

  it('5 without tmux, with the line that installs it', async () => {
    const world = cliWorld();
    const env = { PATH: '/nonexistent' };
    const result = await world.longhaul(['start', 'x', '--', 'true'], { env });
    expect(result).toMatchObject({ code: 5, stderr: expect.stringMatching(/tmux was not found[^]*hint: .*install/) as string });
    expect((await world.longhaul(['list'], { env })).code).toBe(5);
    expect(existsSync(path.join(world.stateDir, 'sessions', 'x'))).toBe(false);
  });

  it('2 for a file that is wrong, with line and column; --json says the same', async () => {
    const world = cliWorld();
    const file = world.write('longhaul.yaml', 'sessions:\n  a:\n    comand: [x]\n');
    const result = await world.longhaul(['list']);
    expect(result).toMatchObject({ code: 2, stderr: `longhaul: ${file}:3:5: unknown key "comand" in sessions.a\nhint: did you mean command?\n` });
    const json = await world.longhaul(['list', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ schemaVersion: 1, data: null, error: { code: 'CONFIG', hint: 'did you mean command?' } });
    expect((await world.longhaul(['config', 'check'])).code).toBe(2);
  });
});
