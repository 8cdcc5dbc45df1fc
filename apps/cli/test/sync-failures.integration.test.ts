import { chmodSync, copyFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { Job } from '@longhaul/sync-queue';
import type { Sshd } from '@longhaul/testbed';
import { busyboxPath, requireService, runProgram, runToEnd, smallDisk, startSshd, waitFor, writeRandomFile } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { SyncWorld } from './sync-world.ts';
import { checkSums, CLI, DESTINATION_TYPES, leftovers, processesWith, sshdForFile, syncWorld, transitions } from './sync-world.ts';

/** A person has put it right and says so; the jobs that it had refused are tried again without being named. */
async function putRight(world: SyncWorld): Promise<void> {
  await world.sync.queue.resumeDestination('dest');
  expect(await world.drain().ended).toMatchObject({ code: 0 });
}

async function expectDelivered(world: SyncWorld, id: string): Promise<void> {
  const { job } = await world.show(id);
  expect(job).toMatchObject({ state: 'VERIFIED', hold: null, errorKind: null, lastError: null });
  await checkSums(path.join(world.place, path.basename(job.source)));
  expect(leftovers(world.place)).toEqual([]);
}

async function blockOf(world: SyncWorld): Promise<NonNullable<Awaited<ReturnType<SyncWorld['sync']['queue']['destinations']>>[number]['block']> | null | undefined> {
  return (await world.sync.queue.destinations()).find(({ name }) => name === 'dest')?.block;
}

describe.runIf(DESTINATION_TYPES.includes('rsync_ssh'))('a destination that refuses or is not there', () => {
  const sshd = sshdForFile();

  interface Refusal {
    readonly name: string;
    readonly settings: (server: Sshd) => Readonly<Record<string, unknown>>;
    readonly kind: Job['errorKind'];
    readonly evidence: RegExp;
    readonly hint: RegExp;
  }

  const refusals: readonly Refusal[] = [
    { name: 'a key that it does not know', settings: ({ strangerKey }) => ({ sshKey: strangerKey }), kind: 'auth', evidence: /Permission denied \(publickey/, hint: /key/i },
    { name: 'a host key that has changed', settings: ({ changedKnownHosts }) => ({ knownHosts: changedKnownHosts }), kind: 'host_key', evidence: /Host key verification failed|IDENTIFICATION HAS CHANGED|host key/i, hint: /SHA256:/ },
    { name: 'a host key that nobody has seen', settings: ({ emptyKnownHosts }) => ({ knownHosts: emptyKnownHosts }), kind: 'host_key', evidence: /Host key verification failed|No \S+ host key is known/, hint: /SHA256:[^]*longhaul sync destinations trust dest/ },
  ];

  it.each(refusals.map((refusal) => [refusal.name, refusal] as const))('%s: FAILED at once, with evidence and what to do; once it is put right the job goes by itself', async (_name, { settings, kind, evidence, hint }) => {
    const world = await syncWorld({ type: 'rsync_ssh', sshd });
    world.configure(settings(sshd()));
    world.write('results/file', 'x');
    const { id } = await world.enqueue('results');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const { job, history } = await world.show(id);
    expect(job).toMatchObject({ state: 'FAILED', errorKind: kind, attempts: 1, nextAttemptAt: null, evidence: expect.stringMatching(evidence) as string, hint: expect.stringMatching(hint) as string });
    expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>FAILED']);
    expect(history.at(-1)?.evidence).toMatch(evidence);
    expect(await blockOf(world)).toMatchObject({ reason: 'breaker', errorKind: kind });

    world.configure({});
    await putRight(world);
    await expectDelivered(world, id);
  });

  it('the host key that is shown is the host\'s own, and trusting it is enough', async () => {
    const world = await syncWorld({ type: 'rsync_ssh', sshd });
    const knownHosts = path.join(world.root, 'known_hosts');
    copyFileSync(sshd().emptyKnownHosts, knownHosts);
    world.configure({ knownHosts });
    world.write('results/file', 'x');
    const { id } = await world.enqueue('results');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const { stdout } = await runProgram('ssh-keygen', ['-lf', path.join(path.dirname(sshd().clientKey), 'host_key.pub')]);
    expect((await world.show(id)).job.hint).toContain(/SHA256:\S+/.exec(stdout)?.[0]);
    expect((await world.longhaul(['sync', 'destinations', 'trust', 'dest', '--yes'])).code).toBe(0);
    await putRight(world);
    await expectDelivered(world, id);
  });

  it('sshd that is down: the job waits for it, nothing is charged, and it is asked again in 10 seconds', async () => {
    const server = await startSshd();
    onTestFinished(async () => {
      await server[Symbol.asyncDispose]();
    });
    const world = await syncWorld({ type: 'rsync_ssh', sshd: () => server });
    world.write('results/file', 'x');
    const { id } = await world.enqueue('results');
    await server.stop();
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const { job } = await world.show(id);
    expect(job).toMatchObject({ state: 'QUEUED', hold: 'breaker', attempts: 0, errorKind: 'network', evidence: expect.stringContaining('Connection refused') as string });
    const block = await blockOf(world);
    expect(block).toMatchObject({ reason: 'breaker', errorKind: 'network', detail: expect.stringContaining('Connection refused') as string });
    const wait = Date.parse(block?.nextProbeAt ?? '') - Date.parse(block?.since ?? '');
    expect(wait).toBeGreaterThanOrEqual(8_000);
    expect(wait).toBeLessThanOrEqual(12_000);
    await server.start();
    await putRight(world);
    await expectDelivered(world, id);
  });

  it.runIf(requireService('root'))('a folder there that may not be written to: FAILED, permission, naming it; once it may be, the job goes by itself', async () => {
    const server = await startSshd({ runAs: 65_534 });
    onTestFinished(async () => {
      await server[Symbol.asyncDispose]();
    });
    const world = await syncWorld({ type: 'rsync_ssh', sshd: () => server });
    chmodSync(world.root, 0o755);
    world.write('results/file', 'x');
    const { id } = await world.enqueue('results');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    expect((await world.show(id)).job).toMatchObject({ state: 'FAILED', errorKind: 'permission', attempts: 1, evidence: expect.stringContaining('Permission denied') as string });
    expect(await blockOf(world)).toMatchObject({ reason: 'breaker', errorKind: 'permission' });
    chmodSync(world.place, 0o777);
    await putRight(world);
    await expectDelivered(world, id);
  });

  it('rsync that is missing there: one repeat, then FAILED, saying which program and where', async () => {
    const busybox = await busyboxPath();
    const server = await startSshd({ path: busybox.path });
    onTestFinished(async () => {
      await server[Symbol.asyncDispose]();
      await busybox[Symbol.asyncDispose]();
    });
    const world = await syncWorld({ type: 'rsync_ssh', sshd: () => server });
    world.write('results/file', 'x');
    const { id } = await world.enqueue('results');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const { job, history } = await world.show(id);
    expect(job).toMatchObject({ state: 'FAILED', errorKind: null, attempts: 2, lastError: expect.stringMatching(/rsync[^]*dest|dest[^]*rsync/) as string, hint: expect.stringMatching(/rsync/) as string });
    expect(`${job.lastError ?? ''} ${job.evidence ?? ''} ${job.hint ?? ''}`).toContain('127.0.0.1');
    expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>QUEUED', 'QUEUED>RUNNING', 'RUNNING>FAILED']);
  });
});

describe.each(DESTINATION_TYPES)('what a transfer can meet, %s', (type) => {
  const sshd = sshdForFile();

  it.runIf(requireService('root'))('a full disk: the job waits for space, nothing is charged, and it goes on when there is some', async () => {
    const disk = await smallDisk({ bytes: 1 << 20 });
    onTestFinished(async () => {
      await disk[Symbol.asyncDispose]();
    });
    const world = await syncWorld({ type, sshd, place: disk.path });
    for (const name of ['a', 'b', 'c']) writeRandomFile(path.join(world.project, 'results', name), 700_000);
    const { id } = await world.enqueue('results');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const { job } = await world.show(id);
    expect(job).toMatchObject({ state: 'QUEUED', hold: 'no_space', attempts: 0, errorKind: 'no_space', evidence: expect.stringMatching(/No space left|ENOSPC/) as string });
    expect(await blockOf(world)).toMatchObject({ reason: 'no_space', neededBytes: expect.any(Number) as number });
    // Asked again while it is still full: it stays as it is.
    await putRight(world);
    expect((await world.show(id)).job).toMatchObject({ state: 'QUEUED', hold: 'no_space', attempts: 0 });
    await runProgram('mount', ['-o', 'remount,size=16m', disk.path]);
    await putRight(world);
    await expectDelivered(world, id);
  });

  it('a person who cancels it: the transfer is ended, and what was staged is removed', async () => {
    const world = await syncWorld({ type, sshd });
    world.configure({ bandwidth: { uploadMbps: 4 } });
    writeRandomFile(path.join(world.project, 'results/data'), 8_000_000);
    const { id } = await world.enqueue('results');
    const worker = world.drain();
    await waitFor(async () => ((await world.sync.queue.get(id)).progress?.bytesDone ?? 0) > 0, { what: 'the transfer', deadline: 40_000 });
    expect((await world.longhaul(['sync', 'cancel', id, '--yes'])).code).toBe(0);
    expect(await worker.ended).toMatchObject({ code: 0 });
    const { job, history } = await world.show(id);
    expect(job).toMatchObject({ state: 'CANCELLED', attempts: 0, cancelRequested: false });
    expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>CANCELLED']);
    expect(await processesWith(id)).toEqual([]);
    // It may be removed a moment later, by whoever works next.
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    expect(leftovers(world.place)).toEqual([]);
    expect(readdirSync(world.place)).toEqual(['.longhaul-incoming']);
  });

  it('a source that cannot be read: FAILED, permission, naming the file, and nothing of it is sent', async () => {
    const world = await syncWorld({ type, sshd });
    world.write('results/open', 'x');
    chmodSync(world.write('results/closed', 'y'), 0);
    const { id } = await world.enqueue('results');
    // Root reads everything; without these two capabilities it is a user like any other.
    const [program, ...args] = [...(process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []), ...CLI, 'sync', 'work', '--drain'];
    expect(await runToEnd(program, args, { cwd: world.project, env: world.env })).toMatchObject({ code: 0 });
    const { job, history } = await world.show(id);
    expect(job).toMatchObject({ state: 'FAILED', errorKind: 'permission', attempts: 1, evidence: expect.stringContaining('closed') as string });
    expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>FAILED']);
    expect(history.some(({ reason }) => reason.startsWith('pushing'))).toBe(false);
    // Not the destination's fault: it stays in use.
    expect(await blockOf(world)).toBeNull();
    chmodSync(path.join(world.project, 'results/closed'), 0o644);
    expect((await world.longhaul(['sync', 'retry', id, '--no-worker'])).code).toBe(0);
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    await expectDelivered(world, id);
  });

  it('a source that is gone before it was sealed: FAILED, local_file_vanished', async () => {
    const world = await syncWorld({ type, sshd });
    world.write('results/file', 'x');
    const { id } = await world.enqueue('results');
    rmSync(path.join(world.project, 'results'), { recursive: true });
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    expect((await world.show(id)).job).toMatchObject({ state: 'FAILED', errorKind: 'local_file_vanished', evidence: expect.stringContaining('results') as string });
  });

  it('a file that is deleted while others are sent: FAILED, local_file_vanished, naming it; a retry sends what is there then', async () => {
    const world = await syncWorld({ type, sshd });
    world.configure({ bandwidth: { uploadMbps: 8 } });
    writeRandomFile(path.join(world.project, 'results/a-first'), 2_000_000);
    world.write('results/z-last', 'to be deleted');
    const { id } = await world.enqueue('results');
    const worker = world.drain();
    await waitFor(async () => (await world.sync.queue.get(id)).progress !== null, { what: 'the transfer', deadline: 40_000 });
    rmSync(path.join(world.project, 'results/z-last'));
    expect(await worker.ended).toMatchObject({ code: 0 });
    const { job, history } = await world.show(id);
    expect(job).toMatchObject({ state: 'FAILED', errorKind: 'local_file_vanished', evidence: expect.stringContaining('z-last') as string });
    expect(transitions(history)).toEqual(['QUEUED>RUNNING', 'RUNNING>FAILED']);
    world.configure({});
    expect((await world.longhaul(['sync', 'retry', id, '--no-worker'])).code).toBe(0);
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    await expectDelivered(world, id);
  });
});
