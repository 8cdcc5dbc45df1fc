import { describe, expect, it } from 'vitest';

import type { SessionName } from '@longhaul/sessions';

import { attachCommand } from '../src/attach-command.ts';
import { parseLeaveKeys } from '../src/leave-keys.ts';
import { newSessionArgs, parseNewSession } from '../src/new-session.ts';
import { PANE_FORMAT, parsePanes } from '../src/pane-list.ts';
import { pasteArgs, sendKeysArgs } from '../src/send-input.ts';
import { classifyFailure } from '../src/tmux-failure.ts';
import { socketFolder, socketLabel, socketPath } from '../src/tmux-socket.ts';

const RUN = '01J00000000000000000000001';

/** Lines as tmux 3.3a prints them for PANE_FORMAT. */
function line(fields: Partial<Record<'id' | 'created' | 'attached' | 'windows' | 'windowActive' | 'paneActive' | 'pane' | 'panePid' | 'server' | 'run' | 'name', string>>): string {
  const all = { id: '$1', created: '1800000000', attached: '0', windows: '1', windowActive: '1', paneActive: '1', pane: '%1', panePid: '11', server: '7', run: '', name: 'train', ...fields };
  return [all.id, all.created, all.attached, all.windows, all.windowActive, all.paneActive, all.pane, all.panePid, all.server, all.run, all.name].join('\t');
}

describe('the list of panes', () => {
  it('asks for nothing that can hold a tab or a newline', () => {
    expect(PANE_FORMAT).not.toMatch(/path|title|command/);
  });

  it('makes one session of all its panes', () => {
    const text = [line({ run: RUN }), line({ pane: '%2', panePid: '12', paneActive: '0', run: RUN }), line({ id: '$2', name: 'train-2', pane: '%3', panePid: '13', attached: '2' }), ''].join('\n');
    expect(parsePanes(text)).toEqual([
      { id: '$1', name: 'train', createdAt: 1800000000, attachedClients: 0, windowCount: 1, paneId: '%1', panePid: 11, panePids: [11, 12], serverPid: 7, runId: RUN },
      { id: '$2', name: 'train-2', createdAt: 1800000000, attachedClients: 2, windowCount: 1, paneId: '%3', panePid: 13, panePids: [13], serverPid: 7, runId: null },
    ]);
  });

  it('takes the first pane of ours, and the active one of theirs', () => {
    const panes = (run: string): string => [line({ run, paneActive: '0' }), line({ run, pane: '%2', panePid: '12' })].join('\n');
    expect(parsePanes(panes(RUN))[0]?.paneId).toBe('%1');
    expect(parsePanes(panes(''))[0]?.paneId).toBe('%2');
  });

  it('keeps names with spaces, and leaves out what is no such line', () => {
    expect(parsePanes(`${line({ name: 'my notes' })}\nsomething else\n$1\t2\n${line({ id: 'x' })}\n`).map(({ name }) => name)).toEqual(['my notes']);
  });

  it('does not take somebody\'s text in the option for a run', () => {
    expect(parsePanes(line({ run: 'yes' }))[0]?.runId).toBeNull();
  });
});

describe('failures of tmux', () => {
  it.each([
    ['duplicate session: train', 'duplicate'],
    ["can't find session: =train", 'no-target'],
    ["can't find pane: %7", 'no-target'],
    ['no current session', 'no-target'],
    ['no server running on /tmp/tmux-0/longhaul', 'absent'],
    ['error connecting to /tmp/tmux-0/longhaul (No such file or directory)', 'absent'],
    ['error connecting to /tmp/x (File name too long)', 'unusable'],
    ['error connecting to /tmp/tmux-0/longhaul (Permission denied)', 'unknown'],
    ['server exited unexpectedly', 'gone'],
    ['lost server', 'gone'],
    ['', 'unknown'],
    ['need UTF-8 locale (LC_CTYPE) but have ANSI_X3.4-1968', 'unknown'],
    ['open terminal failed: not a terminal', 'unknown'],
  ])('%j is %s', (stderr, kind) => {
    expect(classifyFailure(stderr)).toBe(kind);
  });
});

describe('a new session', () => {
  const spec = { name: 'train' as SessionName, terminal: { columns: 132, rows: 43 } };
  const launcher = ['/bin/sh', '/state/launcher/x/launcher.sh', `/state/runs/${RUN}`];

  it('is one call of tmux, marked with its run, without anything of the user\'s', () => {
    const args = newSessionArgs(spec, { runId: RUN as never }, { launcher, owner: 'longhaul' });
    expect(args.filter((argument) => argument === ';')).toHaveLength(3);
    expect(args.slice(args.indexOf('new-session'))).toEqual(['new-session', '-d', '-P', '-F', '#{session_id}\t#{pane_id}\t#{pid}\t#{pane_pid}\t#{socket_path}', '-s', 'train', '-x', '132', '-y', '43', ...launcher, ';', 'set-option', '-t', '=train:', '@longhaul_run', RUN]);
  });

  it('touches no option of a server that is somebody\'s', () => {
    expect(newSessionArgs(spec, { runId: RUN as never }, { launcher, owner: 'shared' })[0]).toBe('new-session');
  });

  it('is what tmux says that it made', () => {
    expect(parseNewSession('$0\t%0\t4711\t4712\t/tmp/a\tb/longhaul\n')).toEqual({ sessionId: '$0', paneId: '%0', serverPid: 4711, panePid: 4712, socketPath: '/tmp/a\tb/longhaul' });
    for (const text of ['', '\n', '$0\t%0\t4711', 'server exited\n']) expect(parseNewSession(text)).toBeNull();
  });
});

describe('keys and text', () => {
  it('go as names behind --, with the semicolon that tmux would eat', () => {
    expect(sendKeysArgs('%1', ['C-c', 'Enter', ';', 'M-;', '-', 'C-M-Left', 'F12', 'q'])).toEqual(['send-keys', '-t', '%1', '--', 'C-c', 'Enter', '\\;', 'M-\\;', '-', 'C-M-Left', 'F12', 'q']);
  });

  it.each(['', 'Entr', 'C-', 'hello', 'C-cc', 'F13', 'é', '\n', ' '])('%j is no key', (key) => {
    expect(() => sendKeysArgs('%1', [key])).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
  });

  it('text is nowhere in the arguments', () => {
    expect(pasteArgs('%1', 'buffer')).toEqual(['load-buffer', '-b', 'buffer', '-', ';', 'paste-buffer', '-d', '-b', 'buffer', '-t', '%1']);
  });
});

describe('attach', () => {
  const target = { socketPath: '/tmp/tmux-0/longhaul', sessionId: '$3', paneId: '%5', attachedClients: 0, sizing: 'ours' } as const;
  const global = ['-u', '-f', '/dev/null', '-S', '/tmp/tmux-0/longhaul'];

  it('outside tmux is an attach with the whole environment of the caller', () => {
    expect(attachCommand(target, { mode: 'read-write' }, { TERM: 'xterm', A: 'b', NOT: undefined })).toEqual({
      program: 'tmux',
      args: [...global, 'set-option', '-w', '-t', '%5', 'window-size', 'latest', ';', 'set-option', '-u', '-t', '$3', 'key-table', ';', 'attach-session', '-E', '-t', '$3'],
      env: { TERM: 'xterm', A: 'b' },
    });
  });

  it('read-only holds the size where nobody else is there, and touches no option of theirs', () => {
    expect(attachCommand(target, { mode: 'read-only' }, {}).args.slice(5)).toEqual(['set-option', '-w', '-t', '%5', 'window-size', 'manual', ';', 'attach-session', '-E', '-t', '$3', '-f', 'read-only,ignore-size']);
    for (const other of [{ ...target, attachedClients: 1 }, { ...target, sizing: 'theirs' as const }]) {
      expect(attachCommand(other, { mode: 'read-only' }, {}).args.slice(5)).toEqual(['attach-session', '-E', '-t', '$3', '-f', 'read-only,ignore-size']);
    }
  });

  it('asks about interrupts where protection is wanted, and leaves it to those who are there already', () => {
    const { args } = attachCommand(target, { mode: 'read-write', protect: 'interrupts' }, {});
    expect(args.join(' ')).toContain("bind-key -T longhaul-protect C-c confirm-before -p Send Ctrl-C to the job? (y/n) send-keys 'C-c' ;");
    expect(args.join(' ')).toContain('set-option -t $3 key-table longhaul-protect ;');
    expect(attachCommand({ ...target, attachedClients: 1 }, { mode: 'read-write' }, {}).args).not.toContain('key-table');
    expect(attachCommand({ ...target, sizing: 'theirs' }, { mode: 'read-write' }, {}).args.slice(5)).toEqual(['attach-session', '-E', '-t', '$3']);
  });

  it('says how to leave in a status line of ours only', () => {
    const left = { ...target, leaveKeys: 'C-# d' };
    expect(attachCommand({ ...left, statusLine: 'ours' }, { mode: 'read-only' }, {})).toMatchObject({ leaveKeys: 'C-# d', args: expect.arrayContaining([' C-## d leaves, the job goes on ']) as string[] });
    expect(attachCommand(left, { mode: 'read-only' }, {}).args).not.toContain('status-right');
  });

  it.each([
    ['C-b\tNone\nbind-key    -T prefix       d                detach-client\n', 'detach-client', 'C-b d'],
    ['C-a\tNone\nbind-key    -T prefix  q detach-client\nbind-key -T prefix d kill-server\n', 'detach-client', 'C-a q'],
    ['None\tC-q\nbind-key -r -T prefix       L       switch-client -l\nbind-key -T prefix d detach-client\n', 'switch-client -l', 'C-q L'],
    ['None\tNone\nbind-key -T prefix d detach-client\n', 'detach-client', undefined],
    ['C-b\tNone\nbind-key -T prefix d detach-client -a\n', 'detach-client', undefined],
    ['', 'detach-client', undefined],
  ] as const)('reads the keys that leave from what a server says: %j', (text, command, keys) => {
    expect(parseLeaveKeys(text, command)).toBe(keys);
  });

  it('inside the same server switches the client', () => {
    const { args } = attachCommand({ ...target, sizing: 'theirs' }, { mode: 'read-only' }, { TMUX: '/tmp/tmux-0/longhaul,77,1' });
    expect(args).toEqual([...global, 'switch-client', '-E', '-t', '$3', ';', 'refresh-client', '-f', 'read-only,ignore-size']);
  });

  it('inside another server leaves it and comes back, with every path quoted', () => {
    const { args } = attachCommand({ ...target, sizing: 'theirs', socketPath: "/it's/x" }, { mode: 'read-write' }, { TMUX: '/a b,c/default,77,4' });
    expect(args.slice(0, 5)).toEqual(['-u', '-S', '/a b,c/default', 'detach-client', '-E']);
    expect(args[5]).toBe(String.raw`'tmux' '-u' '-f' '/dev/null' '-S' '/it'\''s/x' 'attach-session' '-E' '-t' '$3'; exec 'tmux' '-u' '-S' '/a b,c/default' 'attach-session' '-t' '$4'`);
  });
});

describe('sockets', () => {
  it('are where tmux looks for them', () => {
    expect(socketFolder({}, 1000)).toBe('/tmp/tmux-1000');
    expect(socketFolder({ TMUX_TMPDIR: '' }, 1000)).toBe('/tmp/tmux-1000');
    expect(socketFolder({ TMUX_TMPDIR: '/nowhere' }, 5)).toBe('/nowhere/tmux-5');
    expect(socketPath({ path: '/a/b' }, {})).toBe('/a/b');
  });

  it('are called by their names there, by their paths elsewhere', () => {
    expect(socketLabel(`${socketFolder({})}/default`, {})).toBe('default');
    expect(socketLabel('/a/b', {})).toBe('/a/b');
  });
});
