import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PushRequest, Transport, TransportResult } from '@longhaul/sync-transports';
import { requireService, runProgram, smallDisk, startSshd, startTcpProxy, tempDir, waitFor, writeRandomFile } from '@longhaul/testbed';
import type { Sshd } from '@longhaul/testbed';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Machine, transportTo } from './world/real-world.ts';
import { replaced } from './world/world.ts';

const MIB = 1 << 20;
const KINDS = ['local', 'rsync_ssh'] as const;

describe.runIf(requireService('sshd', 'rsync'))('a real destination', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
  });

  function through(kind: (typeof KINDS)[number]): { readonly sshd: Sshd } | null {
    return kind === 'local' ? null : { sshd };
  }

  async function placeOf(): Promise<string> {
    const dir = await tempDir();
    onTestFinished(async () => dir[Symbol.asyncDispose]());
    return dir.path;
  }

  it('that stalls: the transfer is ended with all its processes, as a failure of the network, and goes on with the rest', async () => {
    const proxy = await startTcpProxy({ target: sshd.port });
    onTestFinished(async () => proxy[Symbol.asyncDispose]());
    const [machine, place] = [await Machine.open(), await placeOf()];
    const source = await machine.folder('results');
    writeRandomFile(join(source, 'data'), 12 * MIB);
    const { id } = await machine.enqueue(source);
    const plain = transportTo(place, { sshd, port: proxy.port, knownHosts: await sshd.knownHostsFor(proxy.port) });
    const pids: number[] = [];
    const left: number[][] = [];
    let stalls = 1;
    const transport = watchedPush(plain, async (request, send) => {
      const result = await send({
        ...request,
        onProgress: (progress) => {
          request.onProgress?.(progress);
          if (stalls > 0 && progress.bytesDone > 2 * MIB) {
            stalls -= 1;
            proxy.faults.stalled = true;
          }
        },
        onProcess: (process) => {
          pids.push(process.pid);
          request.onProcess?.(process);
        },
      });
      left.push(processesOfGroup(pids.at(-1) ?? 0));
      // The line is good again before the destination is asked.
      proxy.faults.stalled = false;
      return result;
    });
    const bandwidth = (): { readonly bytesPerSecond: number; readonly until: null } => ({ bytesPerSecond: 8 * MIB, until: null });
    await machine.work({ destination: { transport, bandwidth }, policy: { stallMs: 2_000 } });
    expect(pids).toHaveLength(2);
    expect(left).toEqual([[], []]);
    expect(await machine.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 1 });
    const history = await machine.queue.history(id);
    expect(history.filter(({ from, to }) => from !== null && from !== to).map(({ to }) => to)).toEqual(['RUNNING', 'QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED']);
    expect(history.find(({ from, to }) => from === 'RUNNING' && to === 'QUEUED')).toMatchObject({ reason: expect.stringContaining('network') as string, evidence: expect.stringContaining('nothing moved on the way to nas for 2 s') as string });
    await expectSame(join(source, 'data'), join(place, 'results/data'));
    // What had arrived was not sent again: without resuming it would be at least 14 MiB.
    expect(proxy.passed.up).toBeLessThan(13.5 * MIB);
  });

  it('whose limit changes during a push over ssh: rsync is stopped and gone on with, at no charge', async () => {
    const [machine, place] = [await Machine.open(), await placeOf()];
    const source = await machine.folder('results');
    writeRandomFile(join(source, 'data'), 6 * MIB);
    const { id } = await machine.enqueue(source);
    const plain = transportTo(place, { sshd });
    let raised = false;
    const limits: (number | undefined)[] = [];
    const transport = watchedPush(plain, async (request, send) => {
      limits.push(request.bandwidth);
      return send({
        ...request,
        onProgress: (progress) => {
          request.onProgress?.(progress);
          if (progress.bytesDone > 0) raised = true;
        },
      });
    });
    const bandwidth = (at: number): { readonly bytesPerSecond: number | null; readonly until: number | null } => (raised ? { bytesPerSecond: null, until: null } : { bytesPerSecond: MIB, until: at + 100 });
    await machine.work({ destination: { transport, bandwidth } });
    expect(limits).toEqual([MIB, undefined]);
    expect(await machine.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    await expectSame(join(source, 'data'), join(place, 'results/data'));
  });

  it.runIf(requireService('root')).each(KINDS)('that is full, a disk of 1 MB: the job is held, and goes on by itself when there is room (%s)', async (kind) => {
    const disk = await smallDisk({ bytes: MIB });
    onTestFinished(async () => disk[Symbol.asyncDispose]());
    const machine = await Machine.open();
    writeFileSync(join(disk.path, 'of somebody else'), Buffer.alloc(700_000));
    const source = await machine.folder('results');
    writeRandomFile(join(source, 'data'), 500_000);
    const { id } = await machine.enqueue(source);
    const end = new AbortController();
    const working = machine.work({ destination: { transport: transportTo(disk.path, through(kind)) }, mode: 'forever', signal: end.signal });
    const held = await waitFor(async () => ((await machine.queue.get(id)).hold === 'no_space' ? machine.queue.get(id) : null), { what: 'the hold', deadline: 60_000 });
    expect(held).toMatchObject({ state: 'QUEUED', attempts: 0, errorKind: 'no_space', holdDetail: expect.stringContaining('full') as string });
    rmSync(join(disk.path, 'of somebody else'));
    await waitFor(async () => (await machine.queue.get(id)).state === 'VERIFIED', { what: 'the end of the transfer', deadline: 60_000 });
    end.abort();
    await working;
    expect(await machine.queue.get(id)).toMatchObject({ attempts: 0, hold: null });
    expect((await machine.queue.destinations())[0]).toMatchObject({ block: null });
    await expectSame(join(source, 'data'), join(disk.path, 'results/data'));
  });

  it.each(KINDS)('that two machines send to at once: each result is one machine’s, whole, and nothing of the other is touched (%s)', async (kind) => {
    const place = await placeOf();
    const machines = [await Machine.open('alpha'), await Machine.open('beta')];
    for (const machine of machines) {
      for (const name of ['same', `only-${machine.name}`]) {
        const source = await machine.folder(name);
        for (let file = 0; file < 20; file += 1) writeFileSync(join(source, `f${String(file)}`), `${machine.name} ${name} ${String(file)}`);
        await machine.enqueue(source);
      }
    }
    await Promise.all(machines.map(async (machine) => machine.work({ destination: { transport: transportTo(place, through(kind)) } })));
    const jobs = (await Promise.all(machines.map(async (machine) => (await machine.queue.list()).jobs.map(({ source, state, lastError, hint }) => ({ machine: machine.name, source, state, lastError, hint }))))).flat();
    const same = jobs.filter(({ source }) => source.endsWith('/same'));
    expect(jobs.filter((job) => !same.includes(job)).map(({ state }) => state)).toEqual(['VERIFIED', 'VERIFIED']);
    // One was first; the other is told, and what to do.
    expect(same.map(({ state }) => state).sort()).toEqual(['FAILED', 'VERIFIED']);
    expect(same.find(({ state }) => state === 'FAILED')).toMatchObject({ lastError: expect.stringContaining('taken by something else') as string, hint: expect.stringContaining('--as') as string });
    const winner = same.find(({ state }) => state === 'VERIFIED')?.machine;
    for (let file = 0; file < 20; file += 1) expect(readFileSync(join(place, 'same', `f${String(file)}`), 'utf8')).toBe(`${String(winner)} same ${String(file)}`);
    for (const name of ['same', 'only-alpha', 'only-beta']) await runProgram('sha256sum', ['--quiet', '--strict', '-c', '.longhaul/checksums.sha256'], { cwd: join(place, name) });
    expect(readdirSync(place).filter((name) => !name.startsWith('.longhaul-')).sort()).toEqual(['only-alpha', 'only-beta', 'same']);
  });
});

async function expectSame(here: string, there: string): Promise<void> {
  await runProgram('cmp', [here, there]);
}

/** Those that live, of the process group that a pid leads or led. */
function processesOfGroup(leader: number): number[] {
  const group = (pid: string): number => {
    const file = `/proc/${pid}/stat`;
    const stat = existsSync(file) ? readOr(file) : '';
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? -1 : Number(pgrp);
  };
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && group(entry) === leader).map(Number);
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // Gone between two looks.
    return '';
  }
}

type Watch = <R extends Pick<PushRequest, 'bandwidth' | 'onProgress' | 'onProcess'>>(request: R, send: (request: R) => Promise<TransportResult>) => Promise<TransportResult>;

/** Both ways to send: of what is sealed, and of what is still being hashed. */
function watchedPush(plain: Transport, watch: Watch): Transport {
  const pushListing = plain.pushListing?.bind(plain);
  return replaced(plain, {
    push: async (request) => watch(request, async (watched) => plain.push(watched)),
    ...(pushListing === undefined ? {} : { pushListing: async (request) => watch(request, pushListing) }),
  });
}
