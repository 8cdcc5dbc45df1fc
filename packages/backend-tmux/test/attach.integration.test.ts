import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { AttachCommand } from '@longhaul/sessions';
import { quoteArgv } from '@longhaul/sessions';
import type { PrivateTmux } from '@longhaul/testbed';
import { requireService, runToEnd, waitFor, withPrivateTmux } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { TmuxBed } from './tmux-bed.ts';
import { exitRecord, logHas, logOf, sh, tmuxBed } from './tmux-bed.ts';

/** A terminal for the test: a tmux of its own whose one pane runs the command. */
async function terminalFor(command: AttachCommand, size = { columns: 100, rows: 30 }): Promise<PrivateTmux & { screen(): Promise<string>; type(...keys: readonly string[]): Promise<void> }> {
  const outer = await withPrivateTmux('person');
  onTestFinished(async () => outer[Symbol.asyncDispose]());
  const line = `exec ${quoteArgv(['env', '-i', ...Object.entries({ ...command.env, TERM: 'screen' }).map(([key, value]) => `${key}=${value}`), command.program, ...command.args])}`;
  await outer.tmux('new-session', '-d', '-s', 'desk', '-x', String(size.columns), '-y', String(size.rows), line);
  return {
    ...outer,
    screen: async () => outer.tmux('capture-pane', '-p', '-t', '=desk:'),
    type: async (...keys) => {
      await outer.tmux('send-keys', '-t', '=desk:', '--', ...keys);
    },
  };
}

/** Catches INT, and says what it reads. */
const LISTENER = 'trap "echo caught" INT; echo up; while :; do IFS= read -r line && echo "heard <$line>"; done';

async function clients(bed: TmuxBed): Promise<number> {
  return (await bed.tmux.tmux('list-clients')).split('\n').filter((line) => line !== '').length;
}

describe.runIf(requireService('tmux', 'script'))('attach', () => {
  it('asks before Ctrl-C reaches a protected job, and every other key works', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh(LISTENER));
    await logHas(run, 'up');
    const person = await terminalFor(await bed.backend.attach('train', { mode: 'read-write', protect: 'interrupts' }));
    await waitFor(async () => (await person.screen()).includes('up'), { what: 'the screen of the job', deadline: 60_000 });
    await person.type('C-c');
    await waitFor(async () => (await person.screen()).includes('Send Ctrl-C to the job?'), { what: 'the question', deadline: 60_000 });
    await person.type('n');
    await waitFor(async () => !(await person.screen()).includes('Send Ctrl-C'), { what: 'the end of the question', deadline: 60_000 });
    await person.type('hello', 'Enter');
    await logHas(run, 'heard <hello>');
    expect(await logOf(run)).not.toContain('caught');
    await person.type('C-c');
    await waitFor(async () => (await person.screen()).includes('Send Ctrl-C to the job?'), { what: 'the question', deadline: 60_000 });
    await person.type('y');
    await logHas(run, 'caught');
    await person.type('C-b', 'd');
    await waitFor(async () => (await clients(bed)) === 0, { what: 'the end of the client', deadline: 60_000 });
  });

  it('protects one session only, and no longer when the next one comes without', async () => {
    const bed = await tmuxBed();
    for (const name of ['guarded', 'open']) await logHas((await bed.start(name, sh(LISTENER))).run, 'up');
    const first = await terminalFor(await bed.backend.attach('guarded', { mode: 'read-write', protect: 'interrupts' }));
    await waitFor(async () => (await first.screen()).includes('up'), { what: 'the first client', deadline: 60_000 });
    const other = await terminalFor(await bed.backend.attach('open', { mode: 'read-write' }));
    await waitFor(async () => (await other.screen()).includes('up'), { what: 'the second client', deadline: 60_000 });
    await other.type('C-c');
    await waitFor(async () => (await other.screen()).includes('caught'), { what: 'Ctrl-C in the other session', deadline: 60_000 });
    await first.type('C-b', 'd');
    await waitFor(async () => (await clients(bed)) === 1, { what: 'the end of the first client', deadline: 60_000 });
    const again = await terminalFor(await bed.backend.attach('guarded', { mode: 'read-write' }));
    await waitFor(async () => (await again.screen()).includes('up'), { what: 'the third client', deadline: 60_000 });
    await again.type('C-c');
    await waitFor(async () => (await again.screen()).includes('caught'), { what: 'Ctrl-C without protection', deadline: 60_000 });
  });

  it('says which keys leave: those of the server, shown as long as one is there', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('echo up; read line'));
    await logHas(run, 'up');
    expect(await bed.backend.attach('train', { mode: 'read-only' })).toMatchObject({ leaveKeys: 'C-b d' });
    await bed.tmux.tmux('set-option', '-g', 'prefix', 'C-a', ';', 'unbind-key', 'd', ';', 'bind-key', 'q', 'detach-client');
    const command = await bed.backend.attach('train', { mode: 'read-write' });
    expect(command.leaveKeys).toBe('C-a q');
    const person = await terminalFor(command);
    await waitFor(async () => (await person.screen()).includes('C-a q leaves, the job goes on'), { what: 'the keys in the status line', deadline: 60_000 });
    await person.type('C-a', 'q');
    await waitFor(async () => (await clients(bed)) === 0, { what: 'the end of the client', deadline: 60_000 });
    expect(await bed.backend.status('train')).toMatchObject({ status: { state: 'running', terminal: 'detached' } });
  });

  it('neither protects nor decorates a session that was made by hand', async () => {
    const bed = await tmuxBed();
    const own = await withPrivateTmux('theirs');
    onTestFinished(async () => own[Symbol.asyncDispose]());
    const theirs = bed.another({ env: { ...bed.env, TMUX_TMPDIR: own.tmpdir } });
    await own.tmux('new-session', '-d', '-s', 'byhand', 'cat');
    const before = await own.tmux('show-options', '-t', '=byhand:');
    await expect(theirs.attach('byhand', { mode: 'read-write', protect: 'interrupts' })).rejects.toMatchObject({ code: 'SESSION_ATTACH', hint: expect.stringContaining('--read-only') as string });
    const person = await terminalFor(await theirs.attach('byhand', { mode: 'read-write' }));
    await waitFor(async () => (await own.tmux('list-clients')).includes('byhand'), { what: 'the client', deadline: 60_000 });
    expect(await own.tmux('show-options', '-t', '=byhand:')).toBe(before);
    expect(await own.tmux('list-keys')).not.toContain('longhaul');
    await person.type('C-b', 'd');
  });
});

/** Prints its arguments as hexadecimal, one line each. */
const HEX = 'for argument do printf %s "$argument" | od -An -v -tx1 | tr -d " \\n"; echo; done';
const ODD = ['two words', "it's", '"x"', 'back\\', 'new\nline', ';', '#(touch x)', '$HOME', '`touch x`', '-leading', '--', '', '*', '~', '%s', '\t', '\x01', 'grün', '火車', '\u{1f680}'];

describe.runIf(requireService('tmux', 'script'))('exec', () => {
  it.each(['C', 'C.UTF-8'])('hands arguments over byte for byte under LC_ALL=%s', async (locale) => {
    const bed = await tmuxBed();
    await bed.start('train', sh('sleep 1000'));
    const { program, args, env } = await bed.backend.exec('train', ['sh', '-c', HEX, 'sh', ...ODD]);
    const { code, stdout } = await runToEnd(program, args, { env: { ...env, LC_ALL: locale } });
    expect(stdout.toString('utf8').replace(/\n$/, '').split('\n')).toEqual(ODD.map((text) => Buffer.from(text).toString('hex')));
    expect(code).toBe(0);
  });

  it('runs in the directory that is asked for, whatever its name is, and keeps streams and code apart', async () => {
    const bed = await tmuxBed();
    await bed.start('train', sh('sleep 1000'), { env: [{ name: 'PATH', value: process.env['PATH'] ?? '' }, { name: 'CDPATH', value: '/' }] });
    const odd = `-odd #(touch x) 'q" $HOME; \n`;
    mkdirSync(join(bed.work, odd));
    writeFileSync(join(bed.work, odd, 'file'), 'found');
    for (const workingDir of [odd, join(bed.work, odd)]) {
      const { program, args, env } = await bed.backend.exec('train', ['sh', '-c', 'cat file; cat >&2; exit 7'], { workingDir });
      const result = await runToEnd(program, args, { env, input: 'from stdin' });
      expect({ code: result.code, stdout: result.stdout.toString(), stderr: result.stderr.toString() }).toEqual({ code: 7, stdout: 'found', stderr: 'from stdin' });
    }
    await expect(bed.backend.exec('train', ['true'], { workingDir: 'nowhere' })).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
    expect(readFileSync(join(bed.work, odd, 'file'), 'utf8')).toBe('found');
  });

  it('is refused where the session has ended', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('gone', sh('exit 3'));
    await exitRecord(bed, run);
    await expect(bed.backend.exec('gone', ['true'])).rejects.toMatchObject({ code: 'SESSION_ATTACH', reason: 'it has ended', message: 'session "gone" (tmux) has ended', hint: expect.stringContaining('longhaul restart gone') as string });
  });
});
