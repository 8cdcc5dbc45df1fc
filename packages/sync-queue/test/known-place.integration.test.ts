import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { Verifier } from '@longhaul/sync-queue';
import { LocalTransport } from '@longhaul/sync-transports';
import type { Transport } from '@longhaul/sync-transports';
import { expect, it, onTestFinished, vi } from 'vitest';
import { filesBelow, HOUR, kinds, ReclaimBench } from './reclaim/reclaim-bench.ts';

vi.setConfig({ testTimeout: 180_000 });

/** Takes the disk off, and puts it back on: by a bind mount where this user may, else by moving folders. */
class Disk {
  readonly #root: string;
  readonly #mounts = process.getuid?.() === 0;

  constructor(root: string) {
    this.#root = root;
  }

  async attach(): Promise<void> {
    const [disk, at] = [`${this.#root}/disk-of-nas`, `${this.#root}/nas`];
    if (!this.#mounts) {
      await rm(at, { recursive: true });
      await rename(disk, at);
      return;
    }
    execFileSync('mount', ['--bind', disk, at]);
    onTestFinished(() => { this.#umount(); });
  }

  /** What is left under its path is an empty folder. */
  async detach(): Promise<void> {
    if (this.#mounts) {
      this.#umount();
      return;
    }
    await rename(`${this.#root}/nas`, `${this.#root}/disk-of-nas`);
    await mkdir(`${this.#root}/nas`);
  }

  #umount(): void {
    const at = `${this.#root}/nas`;
    if (execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' }).includes(` ${at} `)) execFileSync('umount', [at]);
  }
}

async function withDisk(): Promise<{ readonly bench: ReclaimBench; readonly disk: Disk }> {
  const bench = await ReclaimBench.open();
  await mkdir(`${bench.root}/disk-of-nas`);
  const disk = new Disk(bench.root);
  await disk.attach();
  return { bench, disk };
}

it('sends nothing into the folder where a disk with results is not mounted, takes nothing there for damage, and goes on when it is back', async () => {
  const { bench, disk } = await withDisk();
  const first = await bench.ripe();
  const proofs = await bench.queue.proofs(first.id);
  await disk.detach();
  expect(kinds(await bench.reclaim(first))).toEqual(['no_answer']);
  const other = await bench.anotherSource('other');
  const next = await bench.push(['nas'], other.path);
  expect(await bench.job(next.id)).toMatchObject({ state: 'QUEUED', hold: 'breaker', attempts: 0, lastError: expect.stringContaining('is its disk or share mounted') as string, hint: expect.stringContaining('longhaul sync destinations renew nas') as string });
  expect(await new Verifier(bench.ports()).verify(first.id)).toMatchObject({ outcome: { kind: 'unknown' }, job: { state: 'VERIFIED', damage: null } });
  bench.advance(HOUR);
  await bench.push([]);
  expect((await bench.job(next.id)).hold).toBe('breaker');
  expect(await bench.queue.proofs(first.id)).toEqual(proofs);
  expect(await readdir(`${bench.root}/nas`)).toEqual([]);
  await disk.attach();
  bench.advance(HOUR);
  await bench.push([]);
  expect([(await bench.job(first.id)).state, (await bench.job(next.id)).state]).toEqual(['VERIFIED', 'VERIFIED']);
  expect(filesBelow(`${bench.root}/nas/other`)).toContain('a.bin');
});

it('does not take for the disk what somebody else has left in the bare folder', async () => {
  const { bench, disk } = await withDisk();
  await bench.push();
  await disk.detach();
  await mkdir(`${bench.root}/nas/.longhaul-incoming/.locks`, { recursive: true });
  await mkdir(`${bench.root}/nas/.longhaul-receipts`);
  const next = await bench.push(['nas'], (await bench.anotherSource('other')).path);
  expect(await bench.job(next.id)).toMatchObject({ state: 'QUEUED', hold: 'breaker' });
  expect(filesBelow(`${bench.root}/nas`)).toEqual([]);
});

it('does not take another disk of ours, under the same path, for the one where its results are', async () => {
  const { bench, disk } = await withDisk();
  const first = await bench.push();
  // Known from the first use after a proof on.
  expect(await new Verifier(bench.ports()).verify(first.id)).toMatchObject({ outcome: { kind: 'proven' } });
  await disk.detach();
  // The same source has gone to that one, too, under the same name.
  bench.transports.set('spare', new LocalTransport({ path: `${bench.root}/nas` }));
  expect((await bench.job((await bench.push(['spare'])).id)).state).toBe('VERIFIED');
  const other = await bench.anotherSource('other');
  const next = await bench.push(['nas'], other.path);
  expect(await bench.job(next.id)).toMatchObject({ state: 'QUEUED', hold: 'breaker', lastError: expect.stringContaining('another disk') as string });
  expect(await new Verifier(bench.ports()).verify(first.id)).toMatchObject({ outcome: { kind: 'unknown' } });
  expect(filesBelow(`${bench.root}/nas`).filter((path) => path.startsWith('other'))).toEqual([]);
  await rm(`${bench.root}/nas`, { recursive: true });
  await mkdir(`${bench.root}/nas`);
  await disk.attach();
  bench.advance(HOUR);
  await bench.push([]);
  expect((await bench.job(next.id)).state).toBe('VERIFIED');
});

it('knows the place also by its results where its chain of receipts was begun anew, and from then on by that chain', async () => {
  const bench = await ReclaimBench.open();
  const first = await bench.push();
  await new Verifier(bench.ports()).verify(first.id);
  await rm(`${bench.root}/nas/.longhaul-receipts`, { recursive: true });
  const next = await bench.push(['nas'], (await bench.anotherSource('other')).path);
  expect((await bench.job(next.id)).state).toBe('VERIFIED');
  await new Verifier(bench.ports()).verify(next.id);
  await rm(`${bench.root}/nas/out`, { recursive: true });
  await rm(`${bench.root}/nas/other`, { recursive: true });
  expect(await new Verifier(bench.ports()).verify(next.id)).toMatchObject({ outcome: { kind: 'damaged' } });
});

it('goes on with an emptied destination once a person has said that it was emptied, and mends what was there from the local copy', async () => {
  const bench = await ReclaimBench.open();
  const first = await bench.push();
  await rm(`${bench.root}/nas`, { recursive: true });
  await mkdir(`${bench.root}/nas`);
  const next = await bench.push(['nas'], (await bench.anotherSource('other')).path);
  expect((await bench.job(next.id)).hold).toBe('breaker');
  await bench.queue.renewDestination('nas');
  await bench.push([]);
  expect((await bench.job(next.id)).state).toBe('VERIFIED');
  expect(await new Verifier(bench.ports()).verify(first.id)).toMatchObject({ outcome: { kind: 'damaged', repair: { kind: 'requeue' } } });
  await bench.push([]);
  expect((await bench.job(first.id)).state).toBe('VERIFIED');
});

it('knows a place without a chain of receipts by the results that are in place there', async () => {
  const bench = await ReclaimBench.open();
  bench.transports.set('disk', withoutChain(new LocalTransport({ path: `${bench.root}/disk` })));
  const first = await bench.push(['disk']);
  await bench.write({ 'a.bin': 'second' });
  expect((await bench.job((await bench.push(['disk'])).id)).state).toBe('VERIFIED');
  await rename(`${bench.root}/disk`, `${bench.root}/away`);
  await mkdir(`${bench.root}/disk`);
  await bench.write({ 'a.bin': 'third' });
  const next = await bench.push(['disk']);
  expect(await bench.job(next.id)).toMatchObject({ state: 'QUEUED', hold: 'breaker', errorKind: 'config' });
  expect(next.id).not.toBe(first.id);
  expect(await readdir(`${bench.root}/disk`)).toEqual([]);
});

/** As rclone's keeps none. */
function withoutChain(transport: Transport): Transport {
  return new Proxy(transport, {
    get: (object, name) => {
      const member: unknown = name === 'receiptHead' ? undefined : Reflect.get(object, name, object);
      return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(object) : member;
    },
  });
}
