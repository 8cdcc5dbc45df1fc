import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';

import type { Job } from '@longhaul/sync-queue';
import { ODD_NAMES, oddTree, runProgram, runToEnd, smallFiles, waitFor, writeRandomFile, writeTree } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import type { GatePoint } from './sync-gate.ts';
import { gateForFile } from './sync-gate.ts';
import type { DestinationType, Shown, SyncWorld, SyncWorldOptions } from './sync-world.ts';
import { checkSums, DESTINATION_TYPES, leftovers, receiptOf, sshdForFile, syncWorld, transitions, workerEvents } from './sync-world.ts';

/** Local: each claim of the staging folder, one of them right before it is listed and hashed. Remote: each hash program. */
const BEFORE_HASHING: GatePoint = { name: 'hashing', call: ['open', /\/epoch\.\d+\0/], program: [['sha256sum', 'openssl'], '*./*'], when: 'before' };
const LOCK: GatePoint = { name: 'the lock', call: ['rename', /\.new\.[^\0]*\0[^\0]*\/\.locks\//], program: [['mv'], '*.new.* */.locks/*'], when: 'before' };

const gate = gateForFile();
const sshd = sshdForFile(() => ({ path: `${gate().bin}:${process.env['PATH'] ?? ''}` }));

async function worldOf(type: DestinationType, options: Partial<SyncWorldOptions> = {}): Promise<SyncWorld> {
  gate().disarm();
  return await syncWorld({ sshd, ...options, type });
}

/** Writes over one byte, and gives the file its old time back: nothing but a hash sees it. */
function spoil(file: string): void {
  const { atime, mtime } = statSync(file);
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.from('!'), 0, 1, 0);
  closeSync(fd);
  utimesSync(file, atime, mtime);
}

describe.each(DESTINATION_TYPES)('what arrives, %s', (type) => {
  /** Sends one file, and has `meddle` do something with what is staged whenever it is about to be hashed there. */
  async function sendMeddled(world: SyncWorld, meddle: (file: string) => void): Promise<Shown> {
    world.write('results/one', 'as it was sealed');
    const job = await world.enqueue('results');
    const staged = path.join(world.place, '.longhaul-incoming', job.id, 'tree/one');
    gate().arm(BEFORE_HASHING);
    const worker = world.drain(gate().env);
    let ended = false;
    void worker.ended.then(() => (ended = true));
    while ((await waitFor(() => (ended ? 'ended' : gate().isReached() ? 'held' : null), { deadline: 40_000, what: 'the next look at the file' })) === 'held') {
      if (existsSync(staged)) meddle(staged);
      await gate().openForNext();
    }
    expect(await worker.ended).toMatchObject({ code: 0 });
    return await world.show(job.id);
  }

  it('one byte flipped at the destination before the verify is found: the file is sent once more, and is proven then', async () => {
    const world = await worldOf(type);
    const flip = vi.fn(spoil);
    const { job, history } = await sendMeddled(world, (file) => {
      if (flip.mock.calls.length === 0) flip(file);
    });
    expect(job).toMatchObject({ state: 'VERIFIED', attempts: 1 });
    expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>AWAITING_VERIFY', 'AWAITING_VERIFY>QUEUED', 'QUEUED>RUNNING', 'RUNNING>AWAITING_VERIFY', 'AWAITING_VERIFY>VERIFIED']);
    expect(history.find(({ from, to }) => from === 'AWAITING_VERIFY' && to === 'QUEUED')).toMatchObject({ reason: expect.stringContaining('hash_mismatch') as string, evidence: 'different: one' });
    expect(readFileSync(path.join(world.place, 'results/one'), 'utf8')).toBe('as it was sealed');
    await checkSums(path.join(world.place, 'results'));
  });

  it('flipped every time it ends as FAILED, hash_mismatch, and nothing is published', async () => {
    const world = await worldOf(type);
    const { job, history } = await sendMeddled(world, spoil);
    expect(job).toMatchObject({ state: 'FAILED', errorKind: 'hash_mismatch', mismatches: 1, evidence: 'different: one', lastError: expect.stringContaining('is not what was sealed') as string, hint: expect.stringContaining('longhaul sync retry') as string });
    expect(transitions(history).at(-1)).toBe('AWAITING_VERIFY>FAILED');
    expect(readdirSync(world.place)).toEqual(['.longhaul-incoming']);
  });

  it('two hosts want one final name: the first has it, the other is told to choose another, nothing is merged', async () => {
    const first = await worldOf(type);
    const second = await worldOf(type, { place: first.place });
    first.write('results/mine', 'of the first host');
    second.write('results/mine', 'of the second host');
    const early = await first.enqueue('results');
    const late = await second.enqueue('results');
    // The first one has pushed and proven, and is about to publish, when the second one overtakes it.
    gate().arm(LOCK);
    const waiting = first.drain(gate().env);
    await gate().reached();
    gate().disarm();
    expect(await second.drain().ended).toMatchObject({ code: 0 });
    expect((await second.show(late.id)).job).toMatchObject({ state: 'VERIFIED' });
    await gate().release();
    expect(await waiting.ended).toMatchObject({ code: 0 });
    const { job, history } = await first.show(early.id);
    expect(job).toMatchObject({ state: 'FAILED', errorKind: 'config', lastError: expect.stringMatching(/"results" at dest is taken/) as string, hint: expect.stringContaining('--as') as string });
    expect(transitions(history).at(-1)).toBe('AWAITING_VERIFY>FAILED');
    const result = path.join(first.place, 'results');
    expect(readdirSync(result).sort()).toEqual(['.longhaul', 'mine']);
    expect(readFileSync(path.join(result, 'mine'), 'utf8')).toBe('of the second host');
    expect(receiptOf(result).jobId).toBe(late.id);
    await checkSums(result);

    // The next push is refused before the first byte, and goes through under another name.
    const again = await first.longhaul(['sync', 'push', 'results', '--to', 'dest', '--as', '{host}/results', '--no-worker']);
    expect(again.code).toBe(0);
    await first.sync.queue.retry(early.id);
    expect(await first.drain().ended).toMatchObject({ code: 0 });
    const { job: refused, history: both } = await first.show(early.id);
    expect(refused.state).toBe('FAILED');
    expect(both.filter(({ reason }) => reason.startsWith('pushing'))).toHaveLength(1);
    expect((await first.sync.queue.list({ states: ['VERIFIED'] })).jobs).toHaveLength(1);
    expect(leftovers(first.place).filter((name) => name !== early.id)).toEqual([]);
  });
});

describe('what is on its way', () => {
  it('a file that is written to while it is sent is never proven torn, and arrives as it is in the end', async () => {
    const world = await worldOf('local', { also: DESTINATION_TYPES, settings: { bandwidth: { uploadMbps: 4 } } });
    const file = path.join(world.project, 'results/live');
    writeRandomFile(file, 3_000_000);
    world.write('results/still', 'never touched');
    const jobs: Job[] = [];
    const worker = world.work();
    // The one that takes longer to begin comes first, so that all are under way together.
    for (const to of DESTINATION_TYPES.toReversed()) {
      const job = await world.enqueue('results', { to });
      jobs.push(job);
      await waitFor(async () => ((await world.sync.queue.get(job.id)).progress?.bytesDone ?? 0) > 0, { what: `the transfer to ${to}`, deadline: 40_000 });
    }
    // The same size and the same time: what a tool that compares those would send as good.
    const before = statSync(file);
    const fd = openSync(file, 'r+');
    for (const at of [100_000, 2_700_000]) writeSync(fd, Buffer.alloc(200_000, 'w'), 0, 200_000, at);
    closeSync(fd);
    utimesSync(file, before.atime, before.mtime);
    const final = readFileSync(file);
    for (const { id } of jobs) expect((await world.sync.queue.get(id)).state).toBe('RUNNING');
    world.configure({});
    await waitFor(async () => (await Promise.all(jobs.map(async ({ id }) => await world.sync.queue.get(id)))).every(({ state }) => state === 'VERIFIED' || state === 'FAILED'), { what: 'the end of all', deadline: 120_000 });
    worker.process.kill('SIGINT');
    expect(await worker.ended).toMatchObject({ code: 130 });
    for (const { id, destination } of jobs) {
      const { job, history } = await world.show(id);
      expect(job).toMatchObject({ state: 'VERIFIED', reseals: 1 });
      // rsync has delivered the torn file with the times of the new one: then the repeat after a mismatch, which is charged, puts it right.
      expect(job.attempts).toBe(history.filter(({ reason }) => reason.startsWith('hash_mismatch')).length);
      expect(history.filter(({ to }) => to === 'VERIFIED')).toHaveLength(1);
      expect(history.find(({ reason }) => reason.startsWith('source_changed'))?.evidence).toContain('live');
      const result = path.join(world.root, destination, 'results');
      expect(readFileSync(path.join(result, 'live')).equals(final)).toBe(true);
      await checkSums(result);
    }
  });

  it('200 jobs and two worker processes on one queue: each is done exactly once', async () => {
    const world = await worldOf('local');
    const jobs: Job[] = [];
    for (let index = 0; index < 200; index++) {
      world.write(`many/${String(index)}/file`, `content ${String(index)}`);
      jobs.push(await world.enqueue(`many/${String(index)}`));
    }
    const ended = await Promise.all([world.drain().ended, world.drain().ended]);
    expect(ended).toMatchObject([{ code: 0 }, { code: 0 }]);
    const started = ended.flatMap((call) => workerEvents(call).filter(({ type }) => type === 'jobStarted').map(({ job }) => (job as Job).id));
    expect([...started].sort()).toEqual(jobs.map(({ id }) => id).sort());
    for (const [index, { id }] of jobs.entries()) {
      const { history, proofs } = { history: await world.sync.queue.history(id), proofs: await world.sync.queue.proofs(id) };
      expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>AWAITING_VERIFY', 'AWAITING_VERIFY>VERIFIED']);
      expect(proofs).toHaveLength(1);
      const result = path.join(world.place, String(index));
      expect(receiptOf(result)).toMatchObject({ jobId: id, generation: 1, epoch: history.at(-1)?.epoch });
      expect(readFileSync(path.join(result, 'file'), 'utf8')).toBe(`content ${String(index)}`);
    }
    expect(leftovers(world.place)).toEqual([]);
  });
});

describe.each(DESTINATION_TYPES)('names and numbers, %s', (type) => {
  it('every odd name arrives as it is, a second generation over the first too, and GNU sha256sum agrees', async () => {
    const world = await worldOf(type);
    const source = path.join(world.project, 'odd');
    writeTree(source, [...oddTree(), { path: 'sparse', sparse: { size: 3_000_000, data: [{ at: 1_500_000, bytes: 'island' }] } }, { path: 'first name', file: 'one file' }, { path: 'second name', hardLinkTo: 'first name' }, { path: 'empty', file: '' }]);
    await world.enqueue('odd');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const result = path.join(world.place, 'odd');
    await checkSums(result);
    writeTree(source, [{ path: ODD_NAMES[0] ?? '', file: 'another content\n' }, { path: 'new: \n', file: 'only in the second' }]);
    rmSync(Buffer.concat([Buffer.from(`${source}/`), ODD_NAMES.at(-1) ?? Buffer.of()]));
    const { id } = await world.enqueue('odd');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    expect((await world.show(id)).job).toMatchObject({ state: 'VERIFIED', generation: 2, attempts: 0, mismatches: 0 });
    await checkSums(result);
    expect(await listing(result)).toEqual(await listing(source));
    expect(statSync(path.join(result, 'sparse')).blocks * 512).toBeLessThan(1_000_000);
    expect(statSync(path.join(result, 'first name')).ino).toBe(statSync(path.join(result, 'second name')).ino);
    expect(leftovers(world.place)).toEqual([]);
  });
});

describe('many files', () => {
  const type = DESTINATION_TYPES.at(-1) ?? 'local';
  it(`20,000 of 4 KiB, and three changes as a second generation (${type})`, { timeout: 240_000 }, async () => {
    const world = await worldOf(type);
    onTestFinished(async () => {
      await runProgram('rm', ['-rf', world.place, world.project]);
    }, 120_000);
    const source = path.join(world.project, 'many');
    writeTree(source, smallFiles());
    await world.enqueue('many');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const result = path.join(world.place, 'many');
    await checkSums(result);
    for (const name of ['d0000/f00.dat', 'd0100/f50.dat', 'd0199/f99.dat']) writeFileSync(path.join(source, name), `changed ${name}`);
    const { id } = await world.enqueue('many');
    const ended = await world.drain().ended;
    const { job } = await world.show(id);
    expect(job).toMatchObject({ state: 'VERIFIED', generation: 2, filesTotal: 20_000 });
    // What has not changed is linked at the destination, not sent.
    expect(job.progress?.bytesSent).toBeLessThan(2_000_000);
    expect(ended.code).toBe(0);
    await checkSums(result);
    expect(receiptOf(result)).toMatchObject({ generation: 2, totals: { files: 20_000 } });
    expect(leftovers(world.place)).toEqual([]);
  });
});

/** All names below a folder, as bytes, without metadata. */
async function listing(folder: string): Promise<readonly string[]> {
  const { stdout } = await runToEnd('find', ['.', '-path', './.longhaul', '-prune', '-o', '-printf', '%y %p -> %l\\0'], { cwd: folder });
  return stdout.toString('latin1').split('\0').sort();
}
