import { describe, expect, it } from 'vitest';

import { NO_RESTART, quoteForShell } from '../src/index.ts';
import { formatCommandFile, formatOnExitFile } from '../src/launcher/command-file.ts';
import { formatEnvFile } from '../src/launcher/env-file.ts';
import { SLOTS } from '../src/launcher/launch-file-names.ts';
import type { RunDirectory, RunId, SessionName, SessionSpec } from '../src/index.ts';

const RUN: RunDirectory = { runId: '01J00000000000000000000001' as RunId, session: 'train' as SessionName, stateDir: '/state', path: '/state/runs/01J00000000000000000000001', envFile: "/state/it's/env" };
const SPEC: SessionSpec = { name: 'train' as SessionName, backend: 'tmux', command: ['python', 'train.py', '--name', "it's"], workingDir: '/data/my project', env: [], secretEnv: [], umask: 0o7, terminal: { columns: 80, rows: 24 }, outputs: [], stop: {}, onExit: null, container: null, restart: NO_RESTART, ready: null };

describe('quoting for sh', () => {
  it('puts everything between single quotes, and them apart', () => {
    expect(quoteForShell('plain')).toBe("'plain'");
    expect(quoteForShell('')).toBe("''");
    expect(quoteForShell("it's")).toBe(String.raw`'it'\''s'`);
    expect(quoteForShell('$HOME `x` \\ " \n')).toBe("'$HOME `x` \\ \" \n'");
  });

  it('refuses a NUL without repeating the text', () => {
    expect(() => quoteForShell('secret\0', 'the value of TOKEN')).toThrow(/^the value of TOKEN holds a NUL character$/);
  });
});

describe('command.sh', () => {
  it('is directory, environment, umask and argv, and ends in exec', () => {
    expect(formatCommandFile(SPEC, RUN).split('\n').slice(1)).toEqual([
      "cd '/data/my project' || lh__refuse 'the working directory cannot be entered: ''/data/my project'",
      String.raw`. '/state/it'\''s/env' 2>/dev/null`,
      'umask 0007',
      String.raw`set -- 'python' 'train.py' '--name' 'it'\''s'`,
      'lh__ready "$1"',
      'exec "$@"',
      '',
    ]);
  });

  it.each([{ command: [] }, { command: [''] }, { command: ['-c', 'x'] }, { command: ['sh', 'a\0b'] }])('is refused for $command', ({ command }) => {
    expect(() => formatCommandFile({ ...SPEC, command }, RUN)).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
  });
});

describe('the environment file', () => {
  const format = (...env: readonly (readonly [string, string])[]): readonly string[] => formatEnvFile(env.map(([name, value]) => ({ name, value })), RUN.runId).split('\n');

  it('exports each variable and the tag, after forgetting the launcher\'s own', () => {
    expect(format(['A', "b'c"], ['PATH', '/bin'])).toEqual(['unset PATH SHELL OLDPWD SHLVL lh_launcher lh_turn', String.raw`export A='b'\''c'`, "export PATH='/bin'", "export LONGHAUL_RUN_ID='01J00000000000000000000001'", '']);
  });

  it('leaves out what speaks of the caller\'s own terminal, and another run\'s tag', () => {
    expect(format(['TERM', 'x'], ['TMUX', 'x'], ['TMUX_PANE', 'x'], ['COLUMNS', '1'], ['LINES', '1'], ['PWD', '/x'], ['_', 'x'], ['LONGHAUL_RUN_ID', 'x'])).toHaveLength(3);
  });

  it('tries in a subshell first what a shell may refuse to set', () => {
    expect(format(['UID', '7'])).toContain("( UID='7' ) 2>/dev/null && export UID='7'");
  });

  it.each(['', 'A B', '1A', 'BASH_FUNC_x%%', 'A=B', 'ü', 'A\nB', 'A;B'])('refuses the name %j, and never shows the value', (name) => {
    const refusal = (): unknown => {
      try {
        return format([name, 'the-secret']);
      } catch (error) {
        return error;
      }
    };
    expect(refusal()).toMatchObject({ code: 'SESSION_CONFIG' });
    expect(JSON.stringify(refusal()) + String(refusal())).not.toContain('the-secret');
  });
});

describe('the hook', () => {
  it('gets the run\'s id, its own argument, as its last one, and no tag', () => {
    const lines = formatOnExitFile(['node', 'hook.js'], SPEC, RUN).split('\n');
    expect(lines).toContain('unset LONGHAUL_RUN_ID');
    expect(lines.at(-2)).toBe(`exec 'node' 'hook.js' "$1"`);
  });
});

describe('the preallocated records', () => {
  it('have room for the longest record', () => {
    const who = '\\u00fc'.repeat(256);
    const longest = JSON.stringify({ schemaVersion: 1, exitCode: 255, signal: 'SIGVTALRM', oomKilled: null, endedAt: new Date().toISOString(), reason: 'start-failed', stoppedBy: { who, step: 'signal' } });
    expect(longest.length).toBeLessThan(SLOTS['job.slot'] ?? 0);
    expect(SLOTS['exit.slot']).toBe(SLOTS['job.slot']);
  });
});
