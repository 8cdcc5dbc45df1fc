import type { RawPath, ReceiptReport } from '@longhaul/sync-transports';
import { checkReceipts, linkPath, parseReceipt, receiptHash } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import type { JobOptions } from './transport-bench.ts';
import { TransportBench } from './transport-bench.ts';
import type { TransportSubject } from './subject.ts';

const raw = (path: string): RawPath => path as RawPath;
const RECEIPT = '.longhaul/longhaul.json';

/** Each receipt names the one before it at the same destination (PROTOCOL.md, "The chain"). */
export function describeChain(subject: TransportSubject): void {
  if (subject.receipts !== 'chained') return;
  describe('the chain of receipts', () => {
    it('names in each receipt the one before, over results, hosts and generations', async () => {
      const bench = await TransportBench.open(subject);
      expect(await bench.transport.receiptHead?.()).toEqual({ kind: 'untouched' });
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      await bench.deliver(seal);
      await bench.deliver(seal, { jobId: 'job-2', hostId: 'host-2', finalName: 'deep/er/second' });
      await bench.deliver(await bench.sealed([{ path: 'a', content: 'newer' }]), { jobId: 'job-3', generation: 2 });
      const { links, results } = await listing(bench);
      const receipts = links.map(({ content }) => parseReceipt(content ?? ''));
      expect(receipts.map((parsed) => parsed.kind === 'receipt' && parsed.receipt.chain)).toEqual([
        { sequence: 1, previous: null, finalName: 'results' },
        { sequence: 2, previous: receiptHash(links[0]?.content ?? Buffer.alloc(0)), finalName: 'deep/er/second' },
        { sequence: 3, previous: receiptHash(links[1]?.content ?? Buffer.alloc(0)), finalName: 'results' },
      ]);
      expect(results.map(({ finalName }) => finalName).sort()).toEqual(['deep/er/second', 'results']);
      expect(await bench.destination.read(raw(`results/${RECEIPT}`))).toEqual(Buffer.from(links[2]?.content ?? ''));
      expect(await report(bench)).toEqual({ links: 3, results: 2, faults: [], notes: [] });
      expect(await bench.transport.receiptHead?.()).toMatchObject({ kind: 'link', sequence: 3 });
    });

    it('stays one chain when several hosts publish at once', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      const jobs = ['x', 'y', 'z'].map((name): JobOptions => ({ jobId: `job-${name}`, hostId: `host-${name}`, finalName: name }));
      const others = await Promise.all(jobs.map(async () => bench.world.connect()));
      for (const job of jobs) expect(await bench.push(seal, job)).toMatchObject({ ok: true });
      expect(await Promise.all(jobs.map(async (job, index) => bench.publish(seal, job, others[index])))).toEqual(jobs.map(() => ({ kind: 'published' })));
      expect(await report(bench)).toEqual({ links: 3, results: 3, faults: [], notes: [] });
      expect(await bench.leftovers()).toEqual([]);
    });

    it('tells which receipt was changed or replaced in place', async () => {
      const bench = await two(subject);
      const text = await bench.text(RECEIPT, 'first');
      await bench.destination.write(raw(`first/${RECEIPT}`), String(text).replace('"files": 1', '"files": 2'));
      expect((await report(bench)).faults).toMatchObject([{ kind: 'changed', result: 'first', sequence: 1 }]);
      await bench.destination.write(raw(`first/${RECEIPT}`), String(await bench.text(RECEIPT, 'second')));
      expect((await report(bench)).faults).toMatchObject([{ kind: 'changed', result: 'first', sequence: 1 }]);
      await bench.destination.write(raw(`first/${RECEIPT}`), 'nonsense');
      expect((await report(bench)).faults).toMatchObject([{ kind: 'changed', result: 'first', sequence: 1 }]);
    });

    it('tells which result stands behind a link that was changed, emptied or taken away, and goes on', async () => {
      const bench = await two(subject);
      const link = raw(`${linkPath(1)}/longhaul.json`);
      const text = String(await bench.destination.read(link));
      await bench.destination.write(link, text.replace('"files": 1', '"files": 2'));
      expect((await report(bench)).faults).toMatchObject([{ kind: 'broken', result: 'second', sequence: 2 }, { kind: 'changed', result: 'first' }]);
      await bench.destination.write(link, text.slice(0, 40));
      expect((await report(bench)).faults).toMatchObject([{ kind: 'damaged', sequence: 1 }, { kind: 'changed', result: 'first' }]);
      await bench.destination.remove(linkPath(1));
      expect((await report(bench)).faults).toMatchObject([{ kind: 'gap', result: 'second', sequence: 1 }, { kind: 'changed', result: 'first' }]);
      await bench.deliver(await bench.sealAgain('source'), { jobId: 'job-3', finalName: 'third' });
      expect((await report(bench)).faults).toHaveLength(2);
    });

    it('keeps the receipt of a result that was removed, and names it', async () => {
      const bench = await two(subject);
      await bench.destination.remove(raw('first'));
      expect(await report(bench)).toMatchObject({ links: 2, results: 1, faults: [], notes: [{ kind: 'absent', result: 'first', sequence: 1 }] });
    });

    it('tells when an older result was put back', async () => {
      const bench = await two(subject);
      const older = String(await bench.text(RECEIPT, 'first'));
      await bench.deliver(await bench.sealed([{ path: 'a', content: 'newer' }], 'source'), { jobId: 'job-3', generation: 2, finalName: 'first' });
      await bench.destination.write(raw(`first/${RECEIPT}`), older);
      expect((await report(bench)).faults).toMatchObject([{ kind: 'earlier', result: 'first', sequence: 1 }]);
    });

    it('finds every result, whatever it is called, and nothing inside of one', async () => {
      const bench = await TransportBench.open(subject);
      const names = ['.hidden', '-n', 'sp ace/$(x)', 'new\nline', 'back\\slash', '*'];
      const seal = await bench.sealed([{ path: 'inner/.longhaul/longhaul.json', content: 'data' }]);
      for (const [index, finalName] of names.entries()) await bench.deliver(seal, { jobId: `job-${index}`, finalName });
      await bench.destination.makeFolder(raw('somebody/else'));
      expect((await listing(bench)).results.map(({ finalName }) => finalName).sort()).toEqual([...names].sort());
      expect(await report(bench)).toEqual({ links: names.length, results: names.length, faults: [], notes: [] });
    });
  });
}

type Listing = Awaited<ReturnType<NonNullable<TransportBench['transport']['listReceipts']>>>;

async function listing({ transport }: TransportBench): Promise<Listing> {
  const found = await transport.listReceipts?.();
  if (found === undefined) throw new Error('this transport lists no receipts');
  return { ...found, links: found.links.toSorted((a, b) => a.sequence - b.sequence), results: found.results };
}

/** What the walk along the chain finds. */
export async function report(bench: TransportBench): Promise<ReceiptReport> {
  return checkReceipts(await listing(bench));
}

/** Two results, one after the other. */
async function two(subject: TransportSubject): Promise<TransportBench> {
  const bench = await TransportBench.open(subject);
  const seal = await bench.sealed([{ path: 'a', content: 'a' }], 'source');
  await bench.deliver(seal, { jobId: 'job-1', finalName: 'first' });
  await bench.deliver(seal, { jobId: 'job-2', finalName: 'second' });
  return bench;
}
