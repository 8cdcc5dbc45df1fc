import { parseReceipt, printReceipt } from '@longhaul/sync-transports';
import type { Receipt } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { exampleReceipt } from './examples.ts';

const RUN: Receipt['run'] = { session: 'train', runId: '01J', command: ['python', 'train.py', 'a "b"\n'], host: 'lab', startedAt: '2026-11-22T10:00:00.000Z', endedAt: null, exitCode: null, signal: 'SIGKILL' };

describe('a receipt', () => {
  it('is read as it was written, with and without a run', () => {
    for (const receipt of [exampleReceipt(), exampleReceipt({ run: RUN, source: '/data/odd "name"\\n' })]) expect(parseReceipt(printReceipt(receipt))).toEqual({ kind: 'receipt', receipt });
  });

  it('has each top-level value on a line of its own that a shell can find, and that no text inside can fake', () => {
    const printed = printReceipt(exampleReceipt({ source: 'x\n  "jobId": "fake",\n', run: RUN }));
    expect(printed.split('\n').filter((line) => line.startsWith('  "jobId":'))).toEqual(['  "jobId": "job-1",']);
  });

  it.each([
    ['nothing', ''],
    ['half of it', printReceipt(exampleReceipt()).slice(0, 200)],
    ['another schema', printReceipt(exampleReceipt()).replace('"schemaVersion": 1', '"schemaVersion": 2')],
    ['a list', '[]'],
    ['null', 'null'],
    ['a missing field', JSON.stringify({ ...exampleReceipt(), sourceId: undefined })],
    ['a wrong digest', JSON.stringify({ ...exampleReceipt(), sealDigest: 'zz' })],
    ['a negative generation', JSON.stringify({ ...exampleReceipt(), generation: -1 })],
    ['a run that is none', JSON.stringify({ ...exampleReceipt(), run: { session: 'x' } })],
    ['a time that is none', JSON.stringify({ ...exampleReceipt(), publishedAt: 'yesterday' })],
  ])('that is %s is damaged, and says how', (_, text) => {
    const parsed = parseReceipt(text);
    expect(parsed.kind).toBe('damaged');
    expect(parsed).toHaveProperty('evidence', expect.stringMatching(/./));
  });

  it('may have a place in a chain, and one that is none is damaged', () => {
    const receipt = exampleReceipt({ chain: { sequence: 2, previous: 'a'.repeat(64), finalName: 'r' } });
    expect(parseReceipt(printReceipt(receipt))).toEqual({ kind: 'receipt', receipt });
    expect(parseReceipt(printReceipt({ ...receipt, chain: { sequence: 0, previous: null, finalName: 'r' } })).kind).toBe('damaged');
  });

  it('may hold fields of a later version', () => {
    expect(parseReceipt(JSON.stringify({ ...exampleReceipt(), later: 1 })).kind).toBe('receipt');
  });
});
