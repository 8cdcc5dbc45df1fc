import { BackendUnavailableError, ConfigError, JobNotFoundError, SessionAmbiguousError, SessionExistsError, SessionNotFoundError, SourceNotFoundError, TmuxNotFoundError, TransportError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import { splitArgv } from '../src/argv.ts';
import type { CommandModule } from '../src/command-module.ts';
import { COMMANDS } from '../src/command-table.ts';
import { exitCodeOf } from '../src/exit-code.ts';
import { groupOverview, overview } from '../src/help.ts';
import { lookUp } from '../src/look-up.ts';
import { isNodeSupported } from '../src/node-version.ts';
import { parseCall } from '../src/parse-call.ts';
import { describeError } from '../src/report-error.ts';
import { UsageError } from '../src/usage-error.ts';

const all: readonly (readonly [string, CommandModule])[] = await Promise.all(COMMANDS.map(async (entry) => [entry.path, (await entry.load()).module] as const));

describe('finding the command', () => {
  it.each([
    [['list', '--json'], 'list', ['--json']],
    [['--json', 'ls'], 'list', ['--json']],
    [['--state-dir', 'list', 'ls'], 'list', ['--state-dir', 'list']],
    [['sync', 'push', 'a', '--to', 'b'], 'sync push', ['a', '--to', 'b']],
    [['sync', '--json', 'ls'], 'sync list', ['--json']],
    [['rm', 'x'], 'remove', ['x']],
    [['--version'], 'version', []],
    [['help', 'start'], 'start', ['--help']],
  ])('%j is %s', async (argv, path, rest) => {
    expect(await lookUp(argv)).toMatchObject({ kind: 'command', entry: { path }, argv: rest });
  });

  it('keeps what follows -- for the job, whatever it looks like', () => {
    expect(splitArgv(['start', 'x', '--', 'sync', '--json', '--'])).toEqual({ words: ['start', 'x'], rest: ['x'], command: ['sync', '--json', '--'] });
  });

  it('shows help for nothing, for help, and for a group', async () => {
    expect(await lookUp([])).toEqual({ kind: 'help', word: null });
    expect(await lookUp(['--help'])).toEqual({ kind: 'help', word: null });
    expect(await lookUp(['help'])).toEqual({ kind: 'help', word: null });
    expect(await lookUp(['--tmux-socket', 'lab', '--help'])).toEqual({ kind: 'help', word: null });
    expect(await lookUp(['sync'])).toEqual({ kind: 'help', word: 'sync' });
    expect(groupOverview('sync')).toContain('sync destinations');
  });

  it.each([
    [['strat', 'x'], /did you mean longhaul start\?/],
    [['sync', 'pusj'], /did you mean longhaul sync push\?/],
    [['xyzzy'], /see longhaul --help/],
  ])('suggests for %j', async (argv, hint) => {
    const error = await lookUp(argv).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).hint).toMatch(hint);
  });
});

function parse(path: string, argv: readonly string[], command: readonly string[] | null = null): ReturnType<typeof parseCall> {
  const entry = COMMANDS.find((candidate) => candidate.path === path);
  const module = all.find(([name]) => name === path)?.[1];
  if (entry === undefined || module === undefined) throw new Error(`no command ${path}`);
  return parseCall({ entry, module, argv, command });
}

describe('parsing a call', () => {
  it('collects options that may be repeated', () => {
    const parsed = parse('start', ['x', '-e', 'A=1', '-e', 'B', '--to', 'nas', '-o', 'out', '-o', 'log'], ['cmd']);
    if (parsed.kind !== 'call') throw new Error('help was shown');
    const { operands, options, command } = parsed.call;
    expect([operands, options.list('env'), options.list('to'), options.list('output'), command]).toEqual([['x'], ['A=1', 'B'], ['nas'], ['out', 'log'], ['cmd']]);
  });

  it.each([
    ['start', [], /needs more/, /usage: longhaul start NAME/],
    ['start', ['x', 'python', 'a.py'], /unexpected argument "python"/, /put -- before the command: longhaul start x -- python a\.py/],
    ['start', ['x', 'python', '-u'], /unknown option '-u'/, /put -- before the command/],
    ['list', ['--jsno'], /unknown option '--jsno'/, /--json/],
    ['logs', ['x', '--lines'], /argument missing/, /longhaul logs --help/],
    ['wait', ['x', '--for', 'never'], /Allowed choices are exit/, /longhaul wait --help/],
    ['version', ['extra'], /unexpected argument/, /usage/],
  ])('%s %j is a usage error with a hint', (path, argv, message, hint) => {
    const call = (): unknown => parse(path, argv);
    expect(call).toThrow(UsageError);
    expect(call).toThrow(message);
    try {
      call();
    } catch (error) {
      expect((error as UsageError).hint).toMatch(hint);
    }
  });

  it('refuses a command after -- where none belongs', () => {
    expect(() => parse('list', [], ['x'])).toThrow(/takes nothing after --/);
  });
});

describe('help', () => {
  it('of the whole program names every command, its groups and the exit codes', () => {
    for (const { path, group, summary } of COMMANDS) {
      if (group === 'hidden') continue;
      expect(overview()).toContain(summary);
      expect(overview()).toContain(path);
    }
    expect(overview()).toMatch(/Exit codes: 0 ok/);
  });

  it.each(all)('of %s has a usage line, its options and examples that parse', async (path, module) => {
    const parsed = parse(path, ['--help']);
    if (parsed.kind !== 'help') throw new Error('no help');
    expect(parsed.text).toContain(`Usage: longhaul ${path}`);
    expect(parsed.text).toContain('Examples:');
    expect(module.examples.length).toBeGreaterThan(0);
    for (const { line } of module.examples) {
      for (const argv of callsOf(line)) {
        const found = await lookUp(argv);
        expect(found.kind, line).toBe('command');
        if (found.kind === 'command') expect(parse(found.entry.path, found.argv, found.command).kind, line).toBe('call');
      }
    }
  });

  it.each(all.map(([path]) => path))('of %s fits eighty columns', (path) => {
    const parsed = parse(path, ['--help']);
    const lines = parsed.kind === 'help' ? parsed.text.split('\n') : [];
    // Examples are to be copied and stay on one line.
    expect(lines.filter((line) => line.length > 80 && !line.startsWith('  $ '))).toEqual([]);
  });
});

/** The calls of longhaul in an example: shell words as far as the examples use them. */
function callsOf(line: string): readonly (readonly string[])[] {
  return line
    .split(/ && |; /)
    .map((part) => (part.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, '$2')))
    .filter(([program]) => program === 'longhaul')
    .map((words) => words.slice(1, words.includes('>') ? words.indexOf('>') : undefined));
}

describe('exit codes', () => {
  it.each([
    [new UsageError('x'), 2],
    [new ConfigError('x'), 2],
    [new SessionNotFoundError('a', 'tmux'), 3],
    [new JobNotFoundError('a'), 3],
    [new SourceNotFoundError('a'), 3],
    [new SessionExistsError('a', 'tmux'), 4],
    [new SessionAmbiguousError('a', ['tmux', 'podman']), 4],
    [new TmuxNotFoundError(), 5],
    [new BackendUnavailableError('tmux', 'x'), 5],
    [new TransportError('rsync is missing'), 5],
    [new TransportError('refused', { errorKind: 'auth' }), 1],
    [new Error('x'), 1],
  ])('%s', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it('tell a defect of ours from a full disk', () => {
    expect(describeError(new TypeError('x is undefined')).message).toMatch(/defect of longhaul/);
    expect(describeError(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))).toMatchObject({ message: expect.stringMatching(/ENOSPC/) as string, hint: expect.stringMatching(/disk is full/) as string });
  });
});

it.each([
  ['20.20.2', false],
  ['22.17.1', false],
  ['22.18.0', true],
  ['23.11.0', false],
  ['24.10.0', false],
  ['24.21.0', true],
  ['25.1.0', false],
  ['26.0.0', true],
])('Node %s: %s', (version, supported) => {
  expect(isNodeSupported(version)).toBe(supported);
});
