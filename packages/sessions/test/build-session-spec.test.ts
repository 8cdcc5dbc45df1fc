import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { BuiltSpec, Caller, StartRequest } from '../src/index.ts';
import { buildSessionSpec, parseSignalName } from '../src/index.ts';

const caller: Caller = { env: { PATH: '/bin', HOME: '/home/lab' }, cwd: '/data/project', umask: 0o027, columns: 132, rows: 50 };

function build(request: Partial<StartRequest> = {}, from: Partial<Caller> = {}): BuiltSpec {
  return buildSessionSpec({ name: 'train', command: ['python', 'train.py'], ...request }, { ...caller, ...from });
}

function envOf(built: BuiltSpec): Record<string, string> {
  return Object.fromEntries(built.spec.env.map(({ name, value }) => [name, value]));
}

describe('a spec', () => {
  test('takes directory, umask, terminal and environment from the caller', () => {
    const built = build();
    expect(built.spec).toMatchObject({ name: 'train', backend: 'tmux', workingDir: '/data/project', umask: 0o027, terminal: { columns: 132, rows: 50 }, outputs: [], onExit: null, stop: {} });
    expect(envOf(built)).toEqual({ PATH: '/bin', HOME: '/home/lab', PWD: '/data/project' });
    expect(built.warnings).toEqual([]);
  });

  test('resolves a relative directory against the caller, however odd its name', () => {
    expect(build({ workingDir: "a b\n$(x)'" }).spec.workingDir).toBe("/data/project/a b\n$(x)'");
    expect(build({ workingDir: '/abs' }).spec.workingDir).toBe('/abs');
  });

  test('has a terminal even where the caller has none', () => {
    expect(build({}, { columns: undefined, rows: undefined }).spec.terminal).toEqual({ columns: 80, rows: 24 });
    expect(build({}, { columns: 0, rows: 99_999 }).spec.terminal).toEqual({ columns: 80, rows: 10_000 });
    expect(build({ terminal: { columns: 10, rows: 5 } }).spec.terminal).toEqual({ columns: 10, rows: 5 });
  });

  test('carries outputs and argv as they are', () => {
    const outputs = [{ path: '-out;"\n', to: ['nas'], as: '{session}' }];
    const command = ['./-x', '', '#(touch x)', '$HOME', 'ä\n'];
    expect(build({ outputs, command }).spec).toMatchObject({ outputs, command });
  });

  test.each<[Partial<StartRequest>, string]>([
    [{ name: 'a.b' }, 'cannot be a session name'],
    [{ command: [] }, 'the command is empty'],
    [{ command: [''] }, 'the command is empty'],
    [{ command: ['a', 'b\0'] }, 'an argument of the command holds a NUL'],
    [{ workingDir: 'a\0' }, 'the working directory holds a NUL'],
    [{ onExit: [] }, 'the onExit command is empty'],
    [{ outputs: [{ path: '', to: ['nas'] }] }, 'an output has no path'],
    [{ outputs: [{ path: 'out', to: [''] }] }, 'a destination without a name'],
    [{ terminal: { columns: 0, rows: 5 } }, 'the columns of the terminal cannot be 0'],
    [{ terminal: { columns: 5, rows: 2.5 } }, 'the rows of the terminal cannot be 2.5'],
    [{ stop: { signal: 'GO' } }, '"GO" is not a signal'],
    [{ stop: { timeoutMs: -1 } }, 'the timeout of a stop (milliseconds) cannot be -1'],
  ])('%j is refused', (request, message) => {
    expect(() => build(request)).toThrow(message);
  });

  test('writes a signal in one form', () => {
    expect(['term', 'SIGTERM', 'sigusr1', 'HUP'].map(parseSignalName)).toEqual(['TERM', 'TERM', 'USR1', 'HUP']);
    expect(build({ stop: { signal: 'sigterm', timeoutMs: 0 } }).spec.stop).toEqual({ signal: 'TERM', timeoutMs: 0 });
  });
});

describe('the environment of a job', () => {
  test('goes from the caller over the env file to what is set', () => {
    const { spec } = buildSessionSpec({ name: 'a', command: ['x'], env: { B: 'set', C: 'set' } }, { ...caller, env: { A: 'callers', B: 'callers', C: 'callers' } }, [
      { name: 'B', value: 'file', line: 1 },
      { name: 'A', value: 'file', line: 2 },
    ]);
    expect(Object.fromEntries(spec.env.map(({ name, value }) => [name, value]))).toMatchObject({ A: 'file', B: 'set', C: 'set' });
    expect(spec.secretEnv).toEqual(['A', 'B']);
  });

  test("takes the caller's value for a name alone, as a secret", () => {
    const built = build({ env: { TOKEN: null }, secretEnv: ['OTHER'] }, { env: { TOKEN: 'abc' } });
    expect(envOf(built)['TOKEN']).toBe('abc');
    expect(built.spec.secretEnv).toEqual(['OTHER', 'TOKEN']);
    expect(() => build({ env: { MISSING: null } })).toThrow('"MISSING" is not set in your environment');
  });

  test('leaves out what sh cannot carry, and says so; refuses it where it was asked for', () => {
    const odd = { 'BASH_FUNC_module%%': '() { :; }', 'a-b': '1', '1A': '1', UID: '1000', 'x y': '' };
    const built = build({}, { env: { ...odd, FINE_1: 'x' } });
    expect(envOf(built)).toEqual({ FINE_1: 'x', PWD: '/data/project' });
    expect(built.warnings.map(({ kind }) => kind)).toEqual(Object.keys(odd).map(() => 'name-left-out'));
    for (const name of Object.keys(odd)) expect(() => build({ env: { [name]: '1' } })).toThrow('cannot be set for a job');
  });

  test("does not hand on the caller's terminal, nor the tag of a run it is part of", () => {
    const built = build({}, { env: { TERM: 'xterm', TMUX: '/tmp/x,1,0', TMUX_PANE: '%1', COLUMNS: '80', LINES: '24', LONGHAUL_RUN_ID: 'outer', SHLVL: '3', _: '/usr/bin/x', PWD: '/elsewhere', OLDPWD: '/before', LONGHAUL_STATE_DIR: '/s' } });
    expect(envOf(built)).toEqual({ LONGHAUL_STATE_DIR: '/s', PWD: '/data/project' });
    expect(built.warnings).toEqual([]);
    expect(() => build({ env: { LONGHAUL_RUN_ID: 'mine' } })).toThrow('Longhaul sets it itself');
  });

  test('of a container has nothing of the caller', () => {
    expect(envOf(build({ backend: 'container', container: { image: 'x' }, env: { A: '1', HOME: null } }))).toEqual({ A: '1', HOME: '/home/lab' });
  });

  test('says where Node has lost bytes that are not UTF-8', () => {
    expect(build({ command: ['x', 'a\uFFFDb'] }, { env: { A: '\uFFFD', B: '\uD800', C: '😀' } }).warnings.map(({ kind, message }) => [kind, message])).toEqual([
      ['not-utf-8', 'the value of A has bytes that are not UTF-8; the job gets them replaced'],
      ['not-utf-8', 'the value of B has bytes that are not UTF-8; the job gets them replaced'],
      ['not-utf-8', 'the command has bytes that are not UTF-8; the job gets them replaced'],
    ]);
  });

  test('carries any value but one with a NUL, whose error does not show it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 4 }), (value) => {
        const set = (): BuiltSpec => build({ env: { KEY_OF_JOB: value } });
        if (!value.includes('\0')) expect(envOf(set())['KEY_OF_JOB']).toBe(value);
        else expect(set).toThrow('the value of KEY_OF_JOB holds a NUL, which no environment can carry');
      }),
    );
  });
});
