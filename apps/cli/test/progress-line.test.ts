import type { Job } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';

import { Printer } from '../src/output/printer.ts';
import { ProgressLine } from '../src/output/progress-line.ts';

/** A stream that only remembers. */
function recorder(isTTY: boolean, columns = 60): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  const written: string[] = [];
  const stream = { isTTY, columns, rows: 10, writable: true, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { stream, text: () => written.join('') };
}

const JOB = {
  id: '01J9Z3N8Y2V6QG7T5B4M1K0XWA',
  state: 'RUNNING',
  source: '/data/\u001b[31mresults',
  destination: 'nas',
  phase: 'pushing',
  hold: null,
  holdDetail: null,
  cancelRequested: false,
  hashing: null,
  progress: { bytesDone: 0, bytesTotal: 100_000_000, filesDone: 0, filesTotal: 10, bytesSent: 0, currentFile: null },
} as unknown as Job;

const at = (bytes: number): Job => ({ ...JOB, progress: { bytesDone: bytes, bytesTotal: 100_000_000, filesDone: 3, filesTotal: 10, bytesSent: bytes, currentFile: null } });

function line(isTTY: boolean, format: 'human' | 'json' = 'human', columns = 60): { readonly progress: ProgressLine; readonly stdout: () => string; readonly stderr: () => string } {
  const [out, err] = [recorder(isTTY), recorder(isTTY, columns)];
  const printer = new Printer({ stdout: out.stream, stderr: err.stream, env: {}, format });
  return { progress: new ProgressLine(printer, err.stream), stdout: out.text, stderr: err.text };
}

/** What a terminal shows after all that was written: the lines that stand there. */
function screen(written: string): readonly string[] {
  const lines = [''];
  let row = 0;
  for (const [part] of written.matchAll(/\r|\n|\u001b\[\d*[AJK]|[^\r\n\u001b]+/g)) {
    const code = /^\u001b\[(\d*)([AJK])$/.exec(part);
    if (part === '\r') continue;
    if (part === '\n') lines[(row += 1)] ??= '';
    else if (code === null) lines[row] = `${lines[row] ?? ''}${part}`;
    else if (code[2] === 'A') row -= Number(code[1] ?? 1);
    else if (code[2] === 'J') lines.splice(row, Infinity, '');
    else lines[row] = '';
  }
  return lines;
}

const named = (id: string, job: Job): Job => ({ ...job, id, bytesTotal: 100_000_000, filesTotal: 10, destination: id });

describe('progress', () => {
  it('on a terminal is one line that is drawn again, never wider than it, with what matters in it, and gone at the end', () => {
    const { progress, stderr, stdout } = line(true);
    progress.show([JOB], 0);
    progress.show([at(20_000_000)], 2000);
    expect(screen(stderr())).toEqual([expect.stringMatching(/^….{11} -> nas {2}RUNNING pushing 20% \(20\.0 MB of 100 M…$/) as string]);
    expect(screen(stderr())[0]?.length).toBe(59);
    progress.clear();
    expect(stderr()).not.toContain('\n');
    expect(screen(stderr())).toEqual(['']);
    expect(stderr()).not.toContain('\u001b[31m');
    expect(stdout()).toBe('');
  });

  it('of several on a terminal is a line for each and one for all, and those that are done leave', () => {
    const { progress, stderr } = line(true, 'human', 120);
    progress.show([named('a', JOB), named('b', JOB)], 0);
    progress.show([named('a', at(20_000_000)), named('b', at(60_000_000))], 2000);
    expect(screen(stderr())).toEqual([
      expect.stringMatching(/-> a {2}RUNNING pushing 20% .* 10\.0 MB\/s, 8s left$/) as string,
      expect.stringMatching(/-> b {2}RUNNING pushing 60% .* 30\.0 MB\/s, 2s left$/) as string,
      '0 of 2 transfers done: 40% (80.0 MB of 200 MB, 6 of 20 files)  40.0 MB/s, 3s left',
    ]);
    progress.show([named('a', at(30_000_000)), { ...named('b', at(100_000_000)), state: 'VERIFIED', phase: null }], 3000);
    expect(screen(stderr())).toEqual([expect.stringContaining('-> a  RUNNING pushing 30%') as string, expect.stringMatching(/^1 of 2 transfers done: 65%/) as string]);
    progress.clear();
    expect(screen(stderr())).toEqual(['']);
  });

  it('of more than the terminal has lines says how many there are beside', () => {
    const { progress, stderr } = line(true);
    progress.show(Array.from({ length: 30 }, (_, index) => named(String(index), JOB)), 0);
    expect(screen(stderr())).toHaveLength(8);
    expect(screen(stderr()).slice(-2)).toEqual(['and 24 more', expect.stringMatching(/^0 of 30 transfers done: 0%/) as string]);
  });

  it('off a terminal is one line every ten seconds, with position, rate and what is left', () => {
    const { progress, stderr } = line(false);
    for (let second = 0; second <= 25; second++) progress.show([at(second * 2_000_000)], second * 1000);
    const lines = stderr().trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/RUNNING pushing 20% \(20\.0 MB of 100 MB, 3 of 10 files\) {2}2\.0 MB\/s, 40s left$/);
    expect(stderr()).not.toContain('\u001b');
  });

  it('of several off a terminal is the sum of them, and only a count while a total is not known', () => {
    const { progress, stderr } = line(false);
    progress.show([named('a', JOB), { ...named('b', JOB), bytesTotal: null }], 0);
    progress.show([named('a', at(20_000_000)), named('b', at(20_000_000))], 11_000);
    expect(stderr()).toBe('0 of 2 transfers done\n0 of 2 transfers done: 20% (40.0 MB of 200 MB, 6 of 20 files)\n');
  });

  it('is told while the source is hashed and while the result is read, with the speed of the reading', () => {
    const hashed = (phase: 'sealing' | 'verifying', bytesDone: number): Job => {
      const state = phase === 'sealing' ? 'RUNNING' : 'AWAITING_VERIFY';
      return { ...JOB, state, phase, progress: null, source: '/data/results', hashing: { phase, bytesDone, bytesTotal: 500_000_000_000, filesDone: 1, filesTotal: 9 } };
    };
    for (const phase of ['sealing', 'verifying'] as const) {
      const { progress, stderr } = line(false);
      for (const second of [0, 2, 4, 6, 8, 10]) progress.show([hashed(phase, second * 1_000_000_000)], second * 1000);
      expect(stderr().trimEnd().split('\n').at(-1)).toMatch(new RegExp(`-> nas  [A-Z_]+ ${phase} 2% \\(10\\.0 GB of 500 GB, 1 of 9 files\\)  1\\.0 GB/s, 8m10s left$`));
      const several = line(false);
      several.progress.show([hashed(phase, 1_000_000_000), { ...hashed(phase, 1_000_000_000), id: 'b' }, JOB], 0);
      expect(several.stderr()).toContain(`0 of 3 transfers done, ${phase} 0% (2.0 GB of 1.0 TB, 2 of 18 files)`);
    }
  });

  it('as JSON is one object for each job that has changed, on stdout', () => {
    const { progress, stdout, stderr } = line(false, 'json');
    progress.show([JOB], 0);
    progress.show([JOB], 1000);
    progress.show([at(20_000_000)], 2000);
    const told = stdout().trimEnd().split('\n').map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);
    expect(told).toMatchObject([
      { schemaVersion: 1, type: 'progress', job: { id: JOB.id }, bytesPerSecond: null, leftMs: null },
      { schemaVersion: 1, type: 'progress', job: { progress: { bytesDone: 20_000_000 } }, bytesPerSecond: 10_000_000, leftMs: 8000 },
    ]);
    expect(stderr()).toBe('');
  });
});
