import { createHash } from 'node:crypto';
import path from 'node:path';

import type { Job } from '@longhaul/sync-queue';
import type { TcpProxy } from '@longhaul/testbed';
import { startTcpProxy, waitFor, writeRandomFile, writeTree } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { SyncWorld } from './sync-world.ts';
import { checkSums, DESTINATION_TYPES, leftovers, processesWith, receiptOf, sshdForFile, syncWorld, transitions, workerEvents } from './sync-world.ts';

const MIB = 1 << 20;
const GIB = 1024 * MIB;

describe.runIf(DESTINATION_TYPES.includes('rsync_ssh'))('a network that fails', () => {
  const sshd = sshdForFile();

  /** A destination behind a proxy, and a worker's machine on this side of it. */
  async function behindProxy(): Promise<SyncWorld & { readonly proxy: TcpProxy }> {
    const proxy = await startTcpProxy({ target: sshd().port });
    onTestFinished(async () => {
      await proxy[Symbol.asyncDispose]();
    });
    const settings = { port: proxy.port, knownHosts: await sshd().knownHostsFor(proxy.port) };
    return { ...(await syncWorld({ type: 'rsync_ssh', sshd, settings })), proxy };
  }

  /** A person who knows that it works again. */
  async function retry(world: SyncWorld, id: string): Promise<void> {
    await world.sync.queue.resumeDestination('dest');
    await world.sync.queue.retry(id);
  }

  async function expectProven(world: SyncWorld, id: string): Promise<Job> {
    const { job, history, proofs } = await world.show(id);
    expect(job).toMatchObject({ state: 'VERIFIED', generation: 1 });
    expect(history.filter(({ to }) => to === 'VERIFIED')).toHaveLength(1);
    expect(proofs).toHaveLength(1);
    const result = path.join(world.place, path.basename(job.source));
    expect(receiptOf(result)).toMatchObject({ jobId: id, generation: 1 });
    await checkSums(result);
    expect(leftovers(world.place).filter((name) => !/^\.(?:new|gone|probe)\./.test(name))).toEqual([]);
    return job;
  }

  it('64 MiB with the connection cut at 70 %: what had arrived is not sent again', async () => {
    const world = await behindProxy();
    writeRandomFile(path.join(world.project, 'big/data'), 64 * MIB);
    const { id } = await world.enqueue('big');
    world.proxy.faults.cutAfter = { up: 0.7 * 64 * MIB, down: Infinity };
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const cut = await world.show(id);
    // The line is gone: nothing is charged, the destination is asked again by and by.
    expect(cut.job).toMatchObject({ state: 'QUEUED', hold: 'breaker', attempts: 0, errorKind: 'network' });
    expect(cut.job.evidence).not.toBeNull();
    world.proxy.faults.cutAfter = { up: Infinity, down: Infinity };
    await retry(world, id);
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const job = await expectProven(world, id);
    expect(world.proxy.passed.up).toBeLessThan(1.04 * 64 * MIB);
    expect(job.progress?.bytesSent).toBeLessThan(0.34 * 64 * MIB);
  });

  it('1 GiB with the worker killed at 70 %: one that waits takes over, ends the orphaned processes, and sends only the rest', { timeout: 300_000 }, async () => {
    const world = await behindProxy();
    writeRandomFile(path.join(world.project, 'big/data'), GIB);
    const { id } = await world.enqueue('big');
    const first = world.work();
    const second = await waitFor(async () => ((await world.sync.queue.get(id)).phase === 'pushing' ? world.work() : null), { what: 'the transfer', deadline: 100_000 });
    await waitFor(() => world.proxy.passed.up > 0.7 * GIB, { what: '70 %', interval: 2, deadline: 100_000 });
    world.proxy.faults.stalled = true;
    // One that is stopped does not end by itself when its worker is gone: somebody must end it.
    const clients = (await processesWith(id)).filter((line) => /^\d+ ssh /.test(line)).map((line) => Number(line.split(' ')[0]));
    for (const pid of clients) process.kill(pid, 'SIGSTOP');
    first.process.kill('SIGKILL');
    await first.ended;
    const leased = await world.sync.queue.get(id);
    world.proxy.faults.stalled = false;
    await waitFor(async () => (await world.sync.queue.get(id)).state === 'VERIFIED', { what: 'the end of the second transfer', deadline: 150_000 });
    second.process.kill('SIGINT');
    const events = workerEvents(await second.ended);
    expect(clients).not.toEqual([]);
    expect(events.filter(({ type }) => type === 'orphanEnded')).toMatchObject([{ jobId: id }]);
    expect(await processesWith(id)).toEqual([]);
    const { history } = await world.show(id);
    // By the death of the owner, long before its lease had ended.
    const takenBack = history.find(({ reason }) => reason.startsWith('its worker is gone'));
    expect(Date.parse(takenBack?.at ?? '')).toBeLessThan(Date.parse(leased.leaseUntil ?? ''));
    expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>QUEUED', 'QUEUED>RUNNING', 'RUNNING>AWAITING_VERIFY', 'AWAITING_VERIFY>VERIFIED']);
    await expectProven(world, id);
    expect(world.proxy.passed.up).toBeLessThan(1.1 * GIB);
  });

  it.each([1, 2, 3])('cut at random points (seed %d): each is a failure of the network, and in the end all is proven', async (seed) => {
    const world = await behindProxy();
    const source = path.join(world.project, 'many');
    writeTree(source, Array.from({ length: 24 }, (_, index) => ({ path: `f${String(index)}`, file: blockOf(`${String(seed)} ${String(index)}`, 64 * 1024) })));
    const { id } = await world.enqueue('many');
    const random = seeded(seed);
    const met: string[] = [];
    for (let cuts = 0; cuts < 4 && (await world.sync.queue.get(id)).state !== 'VERIFIED'; cuts++) {
      // Up: logins, scripts and data. Down: answers, hashes, the word that it is published.
      const { up, down } = world.proxy.passed;
      world.proxy.faults.cutAfter = random() < 0.7 ? { up: up + Math.floor(random() * 1.5 * MIB), down: Infinity } : { up: Infinity, down: down + Math.floor(random() * 12_000) };
      expect(await world.drain().ended).toMatchObject({ code: 0 });
      const job = await world.sync.queue.get(id);
      if (job.state !== 'VERIFIED') expect([job.errorKind, job.hold], job.lastError ?? '').toEqual(['network', expect.stringMatching(/^(?:backoff|breaker)$/)]);
      world.proxy.faults.cutAfter = { up: Infinity, down: Infinity };
      if (job.state === 'VERIFIED') break;
      met.push(job.evidence ?? '');
      await retry(world, id);
    }
    expect(met.length).toBeGreaterThan(0);
    expect(met).not.toContain('');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    await expectProven(world, id);
  });

  it('cut once, with the destination in good health: one attempt is charged, and the next is in 30 seconds', async () => {
    const world = await behindProxy();
    world.configure({ bandwidth: { uploadMbps: 8 } });
    writeRandomFile(path.join(world.project, 'big/data'), 3 * MIB);
    const { id } = await world.enqueue('big');
    const worker = world.drain();
    await waitFor(async () => ((await world.sync.queue.get(id)).progress?.bytesSent ?? 0) > MIB / 2, { what: 'the transfer', deadline: 40_000 });
    world.proxy.cut();
    expect(await worker.ended).toMatchObject({ code: 0 });
    const { job, history } = await world.show(id);
    expect(job).toMatchObject({ state: 'QUEUED', hold: 'backoff', attempts: 1, errorKind: 'network', evidence: expect.any(String) as string });
    const wait = Date.parse(job.nextAttemptAt ?? '') - Date.parse(history.at(-1)?.at ?? '');
    expect(wait).toBeGreaterThanOrEqual(24_000);
    expect(wait).toBeLessThanOrEqual(36_000);
    await world.sync.queue.retry(id);
    world.configure({});
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    await expectProven(world, id);
  });
});

/** Content that no one compresses away, the same for the same seed. */
function blockOf(seed: string, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * 32 < size; index++) blocks.push(createHash('sha256').update(`${seed} ${String(index)}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}

/** mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
