import type { Job } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';

import { Printer } from '../src/output/printer.ts';
import { ProgressLine } from '../src/output/progress-line.ts';

/** A stream that only remembers. */
function recorder(isTTY: boolean): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  const written: string[] = [];
  const stream = { isTTY, columns: 60, writable: true, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
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
  progress: { bytesDone: 0, bytesTotal: 100_000_000, filesDone: 0, filesTotal: 10, bytesSent: 0, currentFile: null },
} as unknown as Job;

const at = (bytes: number): Job => ({ ...JOB, progress: { bytesDone: bytes, bytesTotal: 100_000_000, filesDone: 3, filesTotal: 10, bytesSent: bytes, currentFile: null } });

function line(isTTY: boolean, format: 'human' | 'json' = 'human'): { readonly progress: ProgressLine; readonly stdout: () => string; readonly stderr: () => string } {
  const [out, err] = [recorder(isTTY), recorder(isTTY)];
  const printer = new Printer({ stdout: out.stream, stderr: err.stream, env: {}, format });
  return { progress: new ProgressLine(printer, err.stream), stdout: out.text, stderr: err.text };
}

describe('progress', () => {
  it('on a terminal is one line that is rewritten, never wider than it, and gone at the end', () => {
    const { progress, stderr, stdout } = line(true);
    progress.show([JOB], 0);
    progress.show([at(20_000_000)], 2000);
    progress.clear();
    expect(stderr()).not.toContain('\n');
    const shown = stderr().split('\r\u001b[K').slice(1);
    expect(shown.map((text) => text.length <= 59)).toEqual([true, true, true]);
    expect(shown.at(-1)).toBe('');
    expect(stderr()).toContain('/data/\\u{1b}[31mresults');
    expect(stdout()).toBe('');
  });

  it('off a terminal is one line every ten seconds, with position, rate and what is left', () => {
    const { progress, stderr } = line(false);
    for (let second = 0; second <= 25; second++) progress.show([at(second * 2_000_000)], second * 1000);
    const lines = stderr().trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/RUNNING pushing 20% \(20\.0 MB of 100 MB, 3 of 10 files\) {2}2\.0 MB\/s, 40s left$/);
    expect(stderr()).not.toContain('\u001b');
  });

  it('as JSON is one object per look, on stdout', () => {
    const { progress, stdout, stderr } = line(false, 'json');
    progress.show([JOB], 0);
    expect(JSON.parse(stdout())).toMatchObject({ schemaVersion: 1, type: 'progress', job: { id: JOB.id } });
    expect(stderr()).toBe('');
  });
});
