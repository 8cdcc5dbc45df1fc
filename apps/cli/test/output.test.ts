import fc from 'fast-check';
import { count } from '@longhaul/errors';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { comeBackText } from '../src/commands/start.ts';
import { sayingWhy } from '../src/commands/stop.ts';
import { coloursFor } from '../src/output/colours.ts';
import { printable, printableMessage, printablePath } from '../src/output/printable.ts';
import { formatAgo, formatBytes, formatSpan } from '../src/output/quantities.ts';
import { commandText, endText, jobExitCode, stateText } from '../src/output/session-text.ts';
import type { Column } from '../src/output/table.ts';
import { renderPlain, renderTable } from '../src/output/table.ts';
import { cutText, textWidth } from '../src/output/text-width.ts';

const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('names from outside', () => {
  it('are shown so that a terminal obeys none of it, and on one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(CONTROL);
        expect(printable(text)).not.toContain('\n');
        expect(printableMessage(text)).not.toMatch(CONTROL);
      }),
    );
  });

  it.each([
    ['\u001b]0;owned\u0007', '\\u{1b}]0;owned\\u{7}'],
    ['a\nb\tc\\d', 'a\\nb\\tc\\\\d'],
    ['evil\u202etxt.exe', 'evil\\u{202e}txt.exe'],
    ['naïve 日本語 🚀', 'naïve 日本語 🚀'],
    ['\u009b31m', '\\u{9b}31m'],
  ])('%j is shown as %j', (raw, shown) => {
    expect(printable(raw)).toBe(shown);
  });

  it('keep the escapes that they are written with already', () => {
    expect(printablePath('a\\x1bb\u001b')).toBe('a\\x1bb\\u{1b}');
  });
});

describe('text width', () => {
  it('counts cells, not characters', () => {
    expect(textWidth('abc')).toBe(3);
    expect(textWidth('日本')).toBe(4);
    expect(textWidth('🚀')).toBe(2);
    expect(textWidth('e\u0301')).toBe(1);
  });

  it('cuts to what fits and says so', () => {
    expect(cutText('abcdef', 4)).toBe('abc…');
    expect(cutText('日本語', 4)).toBe('日…');
    expect(cutText('abc', 3)).toBe('abc');
  });

  it('never gives more cells than were asked for', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }).map(printable), fc.integer({ min: 1, max: 40 }), (text, width) => textWidth(cutText(text, width)) <= width));
  });
});

interface Row {
  readonly id: string;
  readonly note: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', cell: ({ id }) => id, priority: 0 },
  { title: 'LONG', cell: ({ note }) => note, priority: 1, fit: 'cut' },
  { title: 'MORE', cell: ({ note }) => note.toUpperCase(), priority: 2 },
];

describe('a table', () => {
  const rows: readonly Row[] = [
    { id: '01J9Z3N8Y2V6QG7T5B4M1K0XWA', note: 'x'.repeat(30) },
    { id: 'b', note: 'short' },
  ];

  it('drops columns by priority until it fits, and never cuts an id', () => {
    expect(renderTable(rows, COLUMNS, 200)).toContain('MORE');
    const narrow = renderTable(rows, COLUMNS, 50);
    expect(narrow).not.toContain('MORE');
    expect(narrow).toContain('01J9Z3N8Y2V6QG7T5B4M1K0XWA');
    expect(narrow).toContain('…');
    expect(renderTable(rows, COLUMNS, 10)).toBe('ID\n01J9Z3N8Y2V6QG7T5B4M1K0XWA\nb\n');
  });

  it('is no wider than the terminal where its ids allow it', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ id: fc.stringMatching(/^[a-z]{1,8}$/), note: fc.string({ unit: 'grapheme' }).map(printable) }), { maxLength: 5 }), fc.integer({ min: 24, max: 120 }), (some, width) => {
        for (const line of renderTable(some, COLUMNS, width).split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('is tab-separated off a terminal, whole, without a header', () => {
    expect(renderPlain(rows, COLUMNS)).toBe(rows.map(({ id, note }) => `${id}\t${note}\t${note.toUpperCase()}\n`).join(''));
  });
});

describe('quantities', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_234_567, '1.2 MB'],
    [6_250_000_000, '6.3 GB'],
    [999_999, '1.0 MB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [300, '0.3s'],
    [12_000, '12s'],
    [312_000, '5m12s'],
    [3_600_000, '1h'],
    [273_600_000, '3d4h'],
  ])('%d ms are %s', (ms, text) => {
    expect(formatSpan(ms)).toBe(text);
  });

  it('count in the singular and the plural', () => {
    expect([count(1, 'file'), count(0, 'file')]).toEqual(['1 file', '0 files']);
    expect(formatAgo('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:00Z'))).toBe('5m ago');
  });
});

describe('the end of a job in words', () => {
  const base = { state: 'exited', exitCode: null, signal: null, reason: 'exit', stoppedBy: null } as const;
  const numbers = { SIGKILL: 9, SIGINT: 2 };

  it.each([
    [{ ...base, exitCode: 3 }, 'exited 3', 'it ended by itself with code 3', 3],
    [{ ...base, reason: 'signal', exitCode: 137, signal: 'SIGKILL' } as const, 'killed SIGKILL', 'it was ended by SIGKILL, sent by somebody else than longhaul', 137],
    [{ ...base, reason: 'signal', signal: 'SIGKILL' } as const, 'killed SIGKILL', 'it was ended by SIGKILL, sent by somebody else than longhaul', 137],
    [{ ...base, reason: 'interrupted' } as const, 'interrupted', 'the machine was shut down or restarted under it: its exit code is not known', null],
    [{ ...base, state: 'stopped', reason: 'stopped', exitCode: 130, signal: 'SIGINT', stoppedBy: { who: 'me@host', step: 'signal' } } as const, 'stopped 130', 'it was stopped by me@host; code 130', 130],
  ])('%#: state, sentence and code', (end, state, sentence, code) => {
    expect(stateText(end)).toBe(state);
    expect(endText(end)).toBe(sentence);
    expect(jobExitCode(end, numbers)).toBe(code);
  });

  it('shows a command as one line without control characters', () => {
    expect(commandText(['sh', '-c', "echo 'a b'\n\u001b[31m"])).toBe(`sh -c 'echo '\\\\''a b'\\\\''\\n\\u{1b}[31m'`);
  });
});

it.each([
  [{}, true, true],
  [{}, false, false],
  [{ CI: 'true' }, undefined, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ TERM: 'dumb' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, false],
  [{ FORCE_COLOR: '0' }, true, false],
])('colours with %j on a terminal (%s): %s', (env, isTerminal, coloured) => {
  expect(coloursFor(env, isTerminal).bad('x') !== 'x').toBe(coloured);
});

it('sends nobody to a terminal that a container does not have', () => {
  expect(comeBackText({ name: 'train', terminal: 'detached' })).toContain('longhaul attach train');
  expect(comeBackText({ name: 'web', terminal: 'none' })).toBe('follow it: longhaul logs web -f    end it: longhaul stop web');
});

it('says why a stop takes its time, and how not to wait; not where it takes none, or was forced', async () => {
  vi.useFakeTimers();
  onTestFinished(() => { vi.useRealTimers(); });
  const said: string[] = [];
  const stopping = (how: 'graceful' | 'force'): { readonly end: (code: number) => void; readonly ended: Promise<number> } => {
    let end: (code: number) => void = () => undefined;
    const promise = new Promise<number>((resolve) => { end = resolve; });
    return { end: (code) => { end(code); }, ended: sayingWhy(promise, { name: 'repl', policy: { how }, say: (text) => said.push(text) }) };
  };
  const [quick, slow, forced] = [stopping('graceful'), stopping('graceful'), stopping('force')];
  quick.end(130);
  await quick.ended;
  await vi.advanceTimersByTimeAsync(9_000);
  expect(said).toEqual([expect.stringContaining('longhaul stop repl --force')]);
  slow.end(137);
  forced.end(137);
  expect(await Promise.all([quick.ended, slow.ended, forced.ended])).toEqual([130, 137, 137]);
});
