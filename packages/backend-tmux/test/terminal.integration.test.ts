import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import type { AttachCommand } from '@longhaul/sessions';
import { quoteArgv } from '@longhaul/sessions';
import type { PrivateTmux } from '@longhaul/testbed';
import { requireService, waitFor, withPrivateTmux } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { TmuxBed } from './tmux-bed.ts';
import { exitRecord, logHas, logOf, sh, tmuxBed } from './tmux-bed.ts';

/** A full-screen program in a few lines: alternate screen, cursor movement, redraw on resize, single keys. Ends with 4 on `q`. */
const FULL_SCREEN = String.raw`
saved=$(stty -g)
printf '\033[?1049h\033[2J'
draw() { set -- $(stty size); printf '\033[1;1H\033[7mrows %s columns %s\033[0m' "$1" "$2"; }
trap draw WINCH
stty -icanon -echo min 0 time 1
draw
while :; do
  key=$(dd bs=1 count=1 2>/dev/null)
  case $key in
    q) break ;;
    ?) printf '\033[5;1Hkey <%s>' "$key" ;;
  esac
done
stty "$saved"
printf '\033[?1049lleft the screen\n'
exit 4
`;

/** A terminal for the test: a tmux of its own, in which a command line runs. */
async function screen(size: { readonly columns: number; readonly rows: number }): Promise<PrivateTmux & { run(name: string, command: AttachCommand): Promise<void> }> {
  const outer = await withPrivateTmux('screen');
  onTestFinished(async () => outer[Symbol.asyncDispose]());
  return {
    ...outer,
    run: async (name, { program, args, env }) => {
      const line = `exec ${quoteArgv(['env', '-i', ...Object.entries({ ...env, TERM: 'screen' }).map(([key, value]) => `${key}=${value}`), program, ...args])}`;
      await outer.tmux('new-session', '-d', '-s', name, '-x', String(size.columns), '-y', String(size.rows), line);
      await outer.tmux('set-option', '-g', 'remain-on-exit', 'on').catch(() => '');
    },
  };
}

async function clientsOf(bed: TmuxBed): Promise<readonly string[]> {
  return (await bed.tmux.tmux('list-clients', '-F', '#{session_name} #{client_readonly} #{client_width}x#{client_height}')).trim().split('\n').filter((line) => line !== '');
}

describe.runIf(requireService('tmux', 'script'))('a terminal', () => {
  it('is drawn on by a full-screen program whose whole output is in the log, and attach resizes it', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('screen', sh(FULL_SCREEN));
    await logHas(run, 'rows 24 columns 80');
    const terminal = await screen({ columns: 101, rows: 41 });
    await terminal.run('person', await bed.backend.attach('screen', { mode: 'read-write' }));
    // One row is tmux's own status line.
    await logHas(run, 'rows 40 columns 101');
    await waitFor(async () => (await terminal.tmux('capture-pane', '-p', '-t', 'person')).includes('rows 40 columns 101'), { what: 'the picture at the person' });
    expect(await bed.backend.status('screen')).toMatchObject({ kind: 'present', status: { terminal: 'attached', attachedClients: 1 } });
    await terminal.tmux('send-keys', '-t', 'person', 'x');
    await logHas(run, 'key <x>');
    await terminal.tmux('kill-session', '-t', 'person').catch(() => '');
    await waitFor(async () => (await bed.backend.status('screen')).kind === 'present' && (await clientsOf(bed)).length === 0, { what: 'the end of the client' });
    expect(await bed.backend.status('screen')).toMatchObject({ status: { state: 'running', terminal: 'detached' } });
    await bed.backend.send('screen', { keys: ['q'] });
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 4 });
    const log = await logOf(run);
    expect(log.startsWith('\u001b[?1049h\u001b[2J\u001b[1;1H\u001b[7mrows 24 columns 80\u001b[0m')).toBe(true);
    expect(log.endsWith('\u001b[?1049lleft the screen\r\n')).toBe(true);
  });

  it('can be watched read-only: what is typed does not arrive, and the size stays', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('screen', sh(FULL_SCREEN));
    await logHas(run, 'rows 24 columns 80');
    const terminal = await screen({ columns: 50, rows: 10 });
    await terminal.run('person', await bed.backend.attach('screen', { mode: 'read-only' }));
    await waitFor(async () => (await clientsOf(bed))[0]?.startsWith('screen 1 '), { what: 'the read-only client' });
    await terminal.tmux('send-keys', '-t', 'person', 'x');
    await bed.backend.send('screen', { text: 'y' });
    await logHas(run, 'key <y>');
    expect(await logOf(run)).not.toContain('key <x>');
    expect(await logOf(run)).not.toMatch(/rows (?!24 columns 80)/);
  });

  it('has the first size that its spec says', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('size', sh('stty size'), { terminal: { columns: 132, rows: 43 } });
    await exitRecord(bed, run);
    expect(await logOf(run)).toBe('43 132\r\n');
  });

  it('is switched to, not nested, from inside a session of the same server', async () => {
    const bed = await tmuxBed();
    const { run: first } = await bed.start('first', sh('echo up; sleep 1000'));
    await bed.start('second', sh('sleep 1000'));
    await logHas(first, 'up');
    const terminal = await screen({ columns: 90, rows: 30 });
    await terminal.run('person', await bed.backend.attach('first', { mode: 'read-write' }));
    await waitFor(async () => (await clientsOf(bed))[0]?.startsWith('first '), { what: 'the client' });
    const inside = bed.another({ env: { ...bed.env, TMUX: await bed.tmux.tmux('display-message', '-p', '-t', '=first:', '#{socket_path},#{pid},0').then((text) => text.trim()), TMUX_PANE: (await bed.tmux.tmux('display-message', '-p', '-t', '=first:', '#{pane_id}')).trim() } });
    for (const [mode, readonly] of [['read-only', '1'], ['read-only', '1']] as const) {
      const { program, args, env } = await inside.attach('second', { mode });
      expect(args).toContain('switch-client');
      await bed.tmux.tmux('run-shell', quoteArgv(['env', '-i', ...Object.entries(env).map(([key, value]) => `${key}=${value}`), program, ...args]));
      await waitFor(async () => (await clientsOf(bed)).join().startsWith(`second ${readonly} `), { what: 'the switched client' });
    }
  });

  it('is entered from another tmux server without nesting, and left back to it', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('echo up; sleep 1000'));
    await logHas(run, 'up');
    // The person sits in a tmux of their own, which is shown by a third one.
    const own = await withPrivateTmux('own');
    onTestFinished(async () => own[Symbol.asyncDispose]());
    await own.tmux('new-session', '-d', '-s', 'desk', 'sleep 1000');
    const terminal = await screen({ columns: 90, rows: 30 });
    await terminal.run('person', { program: 'tmux', args: ['-S', own.socketPath, 'attach-session', '-t', '=desk'], env: { PATH: bed.env['PATH'] ?? '' } });
    await waitFor(async () => (await own.tmux('list-clients')).includes('desk'), { what: 'the person at the desk' });
    const [socket = '', pane = ''] = (await own.tmux('display-message', '-p', '-t', '=desk:', '#{socket_path},#{pid},0 #{pane_id}')).trim().split(' ');
    const inside = bed.another({ env: { ...bed.env, TMUX: socket, TMUX_PANE: pane } });
    const { program, args, env } = await inside.attach('train', { mode: 'read-write' });
    await own.tmux('run-shell', quoteArgv(['env', '-i', ...Object.entries(env).map(([key, value]) => `${key}=${value}`), program, ...args]));
    await waitFor(async () => (await clientsOf(bed))[0]?.startsWith('train 0 '), { what: 'the client in the session' });
    expect(await own.tmux('list-clients')).toBe('');
    await bed.tmux.tmux('detach-client', '-s', '=train');
    await waitFor(async () => (await own.tmux('list-clients')).includes('desk'), { what: 'the person back at the desk' });
  });

  it('takes 100 KiB of text at once, and text that looks like options, formats or commands', async () => {
    const bed = await tmuxBed();
    const file = join(bed.work, 'typed');
    const { run } = await bed.start('typist', sh('stty raw -echo; echo up; dd of="$1" bs=1 count="$2" 2>/dev/null', file, String(100 * 1024)));
    await logHas(run, 'up');
    const total = 100 * 1024;
    const text = `-l;\\;#{pid}#(touch x)$HOME'"\`\u00fc\u{1f680};`.padEnd(36, ';');
    const long = 'x'.repeat(total - Buffer.byteLength(text));
    await bed.backend.send('typist', { text });
    await bed.backend.send('typist', { text: long });
    await exitRecord(bed, run);
    expect(readFileSync(file, 'utf8')).toBe(text + long);
    expect(existsSync(join(bed.work, 'x'))).toBe(false);
  });

  it('leaves no text in the server where the pane is gone by the time it is sent', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('typist', sh('echo up; exec sleep 1000'));
    await logHas(run, 'up');
    const real = systemRunner();
    const pastes: string[] = [];
    const runner: ProcessRunner = {
      run: async (command) => {
        if (command.args?.includes('paste-buffer') !== true) return real.run(command);
        pastes.push('one');
        return real.run({ ...command, args: command.args.map((argument) => (/^%\d+$/.test(argument) ? '%99999' : argument)) });
      },
      spawn: async (command) => real.spawn(command),
      detach: async (command) => real.detach(command),
    };
    await expect(bed.another({ runner }).send('typist', { text: 'the-password' })).rejects.toMatchObject({ code: 'SESSION_ATTACH' });
    expect([pastes, await bed.tmux.tmux('list-buffers')]).toEqual([['one'], '']);
    await bed.backend.send('typist', { text: 'x' });
    expect(await bed.tmux.tmux('list-buffers')).toBe('');
  });

  it('prints 100 MB, and all of them are in the log', { timeout: 180_000 }, async () => {
    const bed = await tmuxBed();
    const lines = 1_000_000;
    writeFileSync(join(bed.work, 'print.sh'), `awk 'BEGIN { for (i = 0; i < ${String(lines)}; i++) printf "%08d %s\\n", i, "${'x'.repeat(89)}" }'\n`);
    const { run } = await bed.start('printer', ['sh', 'print.sh']);
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 0 });
    const log = await logOf(run);
    expect(log.length).toBe(lines * 100);
    expect(log.startsWith('00000000 ')).toBe(true);
    expect(log.slice(-100)).toBe(`00999999 ${'x'.repeat(89)}\r\n`);
    expect(log.split('\n').every((line, index) => index === lines || line.startsWith(String(index).padStart(8, '0')))).toBe(true);
  });
});
