import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createSealer, LocalTransport, PUBLISH_STEPS } from '@longhaul/sync-transports';
import type { RawPath, Seal, TransportResult } from '@longhaul/sync-transports';
import { readOnlyMount, requireService, runToEnd, smallDisk, tempDir, writeRandomFile, writeTree } from '@longhaul/testbed';
import type { TempDir, TreeEntry } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Delivery } from './fixtures/deliver.ts';

const MIB = 1 << 20;
const NOBODY = 65534;
const FIXTURE = new URL('fixtures/deliver.ts', import.meta.url).pathname;
const asRoot = requireService('root');

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly answer: Record<string, unknown> & { readonly pushed?: TransportResult };
}

/** Another process of ours, as another user if asked. */
async function deliver(delivery: Delivery, { uid }: { readonly uid?: number } = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=@longhaul/source', FIXTURE, JSON.stringify(delivery)], { stdio: ['ignore', 'pipe', 'inherit'], ...(uid === undefined ? {} : { uid, gid: uid, env: { ...process.env, HOME: '/' } }) });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => child.once('error', reject).once('close', (_, ended) => resolve(ended)));
  const text = Buffer.concat(output).toString();
  return { signal, answer: text === '' ? {} : (JSON.parse(text) as Ended['answer']) };
}

async function folder(): Promise<TempDir> {
  const dir = await tempDir();
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  mkdirSync(dir.join('destination'));
  return dir;
}

async function sealed(dir: TempDir, entries: readonly TreeEntry[]): Promise<Seal> {
  writeTree(dir.join('source'), entries);
  await using sealer = createSealer({ stateDir: dir.join('state') });
  return await sealer.seal({ source: await sealer.resolve(dir.join('source')), hashing: 'cached' });
}

function transportTo(path: string, options: { readonly mountPoint?: string } = {}): LocalTransport {
  const transport = new LocalTransport({ path, ...options });
  onTestFinished(async () => transport[Symbol.asyncDispose]());
  return transport;
}

const placement = { jobId: 'job-1', epoch: 1, hostId: 'host-1', finalName: 'results' as RawPath };

describe('a destination that is not there', () => {
  it('is a matter of configuration, and is never created', async () => {
    const dir = await folder();
    const seal = await sealed(dir, [{ path: 'f', file: 'x' }]);
    const transport = transportTo(dir.join('not mounted/lab'));
    const result = await transport.push({ seal, placement });
    expect(result).toMatchObject({ ok: false, errorKind: 'config', bytesSent: 0 });
    expect(result.evidence).toContain('not mounted/lab');
    expect(await transport.probe()).toMatchObject({ reachable: false, errorKind: 'config' });
    await expect(transport.hashsum({ where: 'final', placement, seal })).rejects.toMatchObject({ errorKind: 'config' });
    await expect(transport.readReceipt({ finalName: placement.finalName })).rejects.toMatchObject({ errorKind: 'config' });
    expect(existsSync(dir.join('not mounted'))).toBe(false);
  });

  it('is also one whose mount point exists and has nothing mounted', async () => {
    const dir = await folder();
    const seal = await sealed(dir, [{ path: 'f', file: 'x' }]);
    const transport = transportTo(dir.join('destination'), { mountPoint: dir.join('destination') });
    expect(await transport.push({ seal, placement })).toMatchObject({ ok: false, errorKind: 'config' });
    expect(readdirSync(dir.join('destination'))).toEqual([]);
  });

  it('is a file in its place', async () => {
    const dir = await folder();
    writeFileSync(dir.join('file'), '');
    expect(await transportTo(dir.join('file')).probe()).toMatchObject({ reachable: false, errorKind: 'config' });
  });
});

describe('a destination inside its own source', () => {
  it('is refused before a byte is written, through a symlink too', async () => {
    const dir = await folder();
    const seal = await sealed(dir, [{ path: 'f', file: 'x' }, { path: 'backup', dir: true }]);
    symlinkSync(dir.join('source/backup'), dir.join('elsewhere'));
    for (const path of [dir.join('source/backup'), dir.join('source'), dir.join('elsewhere')]) {
      expect(await transportTo(path).push({ seal, placement })).toMatchObject({ ok: false, errorKind: 'config', bytesSent: 0 });
    }
    expect(readdirSync(dir.join('source/backup'))).toEqual([]);
    mkdirSync(dir.join('source-beside'));
    expect(await transportTo(dir.join('source-beside')).push({ seal, placement })).toMatchObject({ ok: true });
  });
});

describe.runIf(asRoot)('a disk', () => {
  it('that is full holds the push, which goes on when there is room', async () => {
    const dir = await folder();
    await using disk = await smallDisk({ bytes: 2 * MIB });
    writeFileSync(`${disk.path}/ballast`, Buffer.alloc(MIB));
    mkdirSync(dir.join('source'));
    writeRandomFile(dir.join('source/a'), MIB / 2);
    writeRandomFile(dir.join('source/b'), MIB * 0.75);
    const seal = await sealed(dir, []);
    const transport = transportTo(disk.path, { mountPoint: disk.path });
    const full = await transport.push({ seal, placement });
    expect(full).toMatchObject({ ok: false, errorKind: 'no_space' });
    expect(full.evidence).toMatch(/ENOSPC/);
    expect(full.hint).not.toBeNull();
    rmSync(`${disk.path}/ballast`);
    const second = await transport.push({ seal, placement: { ...placement, epoch: 2 } });
    expect(second).toMatchObject({ ok: true });
    expect(full.bytesSent + second.bytesSent).toBeLessThan(seal.totals.bytes + MIB / 2);
  });

  it('that is full is seen by the probe although an empty file could still be made', async () => {
    await using disk = await smallDisk({ bytes: MIB });
    const transport = transportTo(disk.path);
    expect(await transport.probe()).toMatchObject({ reachable: true, errorKind: null });
    try {
      for (;;) appendFileSync(`${disk.path}/ballast`, Buffer.alloc(4096));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
    expect(await transport.probe()).toMatchObject({ reachable: false, errorKind: 'no_space' });
  });

  it('that is mounted read-only is a matter of configuration', async () => {
    const dir = await folder();
    const seal = await sealed(dir, [{ path: 'f', file: 'x' }]);
    await using mount = await readOnlyMount(dir.join('destination'));
    const transport = transportTo(mount.path);
    const result = await transport.push({ seal, placement });
    expect(result).toMatchObject({ ok: false, errorKind: 'config' });
    expect(result.evidence).toMatch(/EROFS/);
    expect(await transport.probe()).toMatchObject({ reachable: false, errorKind: 'config' });
  });

  it('below the source is refused, naming where it is mounted', async () => {
    const dir = await folder();
    await using disk = await smallDisk({ bytes: MIB });
    writeTree(dir.join('source'), [{ path: 'f', file: 'x' }, { path: 'deep/mnt', dir: true }]);
    const mounted = await runToEnd('mount', ['--bind', disk.path, dir.join('source/deep/mnt')]);
    expect(mounted.code).toBe(0);
    onTestFinished(async () => {
      await runToEnd('umount', ['-l', dir.join('source/deep/mnt')]);
    });
    await expect(sealed(dir, [])).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE', paths: ['deep/mnt'] });
  });
});

describe.runIf(asRoot)('another user', () => {
  it('that may not write to the destination is told so', async () => {
    const dir = await openFolder();
    writeTree(dir.join('source'), [{ path: 'f', file: 'x' }]);
    const { answer } = await deliver(deliveryIn(dir), { uid: NOBODY });
    expect(answer.pushed).toMatchObject({ ok: false, errorKind: 'permission' });
    expect(answer.pushed?.evidence).toMatch(/EACCES/);
  });

  it('that may not read parts of the source is told all of them, before anything is sent', async () => {
    const dir = await openFolder();
    chmodSync(dir.join('destination'), 0o777);
    writeTree(dir.join('source'), [{ path: 'a', file: 'x' }, { path: 'secret', file: 'x', mode: 0o600 }, { path: 'closed', dir: true, mode: 0o700 }, { path: 'd/also secret', file: '', mode: 0o000 }]);
    const { answer } = await deliver(deliveryIn(dir), { uid: NOBODY });
    expect(answer['error']).toMatchObject({ code: 'SOURCE_UNREADABLE', paths: ['closed', 'd/also secret', 'secret'] });
    expect(readdirSync(dir.join('destination'))).toEqual([]);
  });

  it('delivers, prunes, replaces and removes folders and files without write permission', async () => {
    const dir = await openFolder();
    chmodSync(dir.join('destination'), 0o777);
    const source = dir.join('source');
    writeTree(source, [{ path: 'locked/deep/f', file: 'x', mode: 0o444 }, { path: 'locked/g', file: 'y', mode: 0o400 }]);
    const own = (path: string): void => {
      chownSync(path, NOBODY, NOBODY);
      if (statSync(path).isDirectory()) for (const name of readdirSync(path)) own(`${path}/${name}`);
    };
    own(source);
    for (const path of ['locked/deep', 'locked']) chmodSync(`${source}/${path}`, 0o555);
    const whole = { missing: [], extra: [], mismatched: [], strength: 'sha256' };
    expect((await deliver(deliveryIn(dir), { uid: NOBODY })).answer).toMatchObject({ pushed: { ok: true }, compared: whole, outcome: { kind: 'published' } });
    expect(statSync(dir.join('destination/results/locked')).mode & 0o777).toBe(0o555);
    const second = { ...deliveryIn(dir), jobId: 'job-2' };
    expect((await deliver({ ...second, giveUp: true }, { uid: NOBODY })).answer).toMatchObject({ pushed: { ok: true }, compared: whole });
    expect((await deliver({ ...second, epoch: 2, prune: ['locked/deep/f', 'locked/g'] }, { uid: NOBODY })).answer).toMatchObject({ compared: { ...whole, missing: ['locked/deep/f', 'locked/g'] }, outcome: { kind: 'published' } });
    expect(readdirSync(dir.join('destination/.longhaul-incoming'))).toEqual(['.locks']);
  });
});

describe('kill -9', () => {
  it('in the middle of a push sends the rest only, and leaves no half file under its name', async () => {
    const dir = await folder();
    mkdirSync(dir.join('source'));
    const hash = writeRandomFile(dir.join('source/big'), 48 * MIB);
    writeTree(dir.join('source'), [{ path: 'a', file: 'small' }]);
    const killed = await deliver({ ...deliveryIn(dir), bandwidth: 24 * MIB, dieAfterBytes: 32 * MIB });
    expect(killed.signal).toBe('SIGKILL');
    expect(readdirSync(dir.join('destination/.longhaul-incoming/job-1/tree'))).toEqual(['a']);
    const { answer } = await deliver({ ...deliveryIn(dir), epoch: 2 });
    expect(answer).toMatchObject({ pushed: { ok: true }, outcome: { kind: 'published' } });
    expect(answer.pushed?.bytesSent).toBeLessThanOrEqual(17 * MIB);
    const sums = await runToEnd('sha256sum', ['-c', '.longhaul/checksums.sha256'], { cwd: dir.join('destination/results') });
    expect(sums.code).toBe(0);
    expect(readFileSync(dir.join('destination/results/.longhaul/checksums.sha256'), 'utf8')).toContain(`${hash}  big`);
  });

  it.each(PUBLISH_STEPS.filter((step) => step !== 'sweep'))('after the step "%s" of publish: the next worker ends it', async (step) => {
    const dir = await folder();
    writeTree(dir.join('source'), [{ path: 'f', file: 'x' }]);
    expect((await deliver({ ...deliveryIn(dir), dieAfterStep: step })).signal).toBe('SIGKILL');
    const { answer } = await deliver({ ...deliveryIn(dir), epoch: 2 });
    expect(answer['outcome']).toEqual({ kind: 'published' });
    expect(readdirSync(dir.join('destination/results'))).toEqual(['.longhaul', 'f']);
    expect(readdirSync(dir.join('destination/.longhaul-incoming'))).toEqual(['.locks']);
    expect(readdirSync(dir.join('destination/.longhaul-incoming/.locks'))).toEqual([]);
  });
});

describe('a source that moves under a push', () => {
  it('is not sent through a symlink that was put in a file\'s place', async () => {
    const dir = await folder();
    const seal = await sealed(dir, [{ path: 'f', file: 'sealed' }]);
    writeFileSync(dir.join('secret'), 'secret');
    rmSync(dir.join('source/f'));
    symlinkSync(dir.join('secret'), dir.join('source/f'));
    expect(await transportTo(dir.join('destination')).push({ seal, placement })).toMatchObject({ ok: false, errorKind: 'source_changed', bytesSent: 0 });
    expect(readdirSync(dir.join('destination/.longhaul-incoming/job-1/tree'))).toEqual([]);
  });

  it('is not waited for where a fifo was put in a file\'s place', async () => {
    const dir = await folder();
    const seal = await sealed(dir, [{ path: 'f', file: 'sealed' }]);
    rmSync(dir.join('source/f'));
    await runToEnd('mkfifo', [dir.join('source/f')]);
    expect(await transportTo(dir.join('destination')).push({ seal, placement })).toMatchObject({ ok: false, errorKind: 'source_changed' });
  });

  it('never gets a torn file under its name, however it changes in the middle', async () => {
    const dir = await folder();
    mkdirSync(dir.join('source'));
    writeRandomFile(dir.join('source/f'), 8 * MIB);
    const seal = await sealed(dir, []);
    let touched = false;
    const result = await transportTo(dir.join('destination')).push({
      seal, placement, bandwidth: 32 * MIB,
      onProgress: ({ bytesSent }) => {
        if (touched || bytesSent < MIB) return;
        touched = true;
        appendFileSync(dir.join('source/f'), 'more');
      },
    });
    expect(touched).toBe(true);
    expect(result).toMatchObject({ ok: false, errorKind: 'source_changed' });
    expect(result.evidence).toContain('"f"');
    expect(readdirSync(dir.join('destination/.longhaul-incoming/job-1/tree'))).toEqual([]);
  });
});

/** Open for the user of a test that is not root. */
async function openFolder(): Promise<TempDir> {
  const dir = await folder();
  chmodSync(dir.path, 0o755);
  mkdirSync(dir.join('state'), { mode: 0o777 });
  chmodSync(dir.join('state'), 0o777);
  return dir;
}

function deliveryIn(dir: TempDir): Delivery {
  return { source: dir.join('source'), stateDir: dir.join('state'), destination: dir.join('destination') };
}
