import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { freePort, remoteOf, requireService, runProgram, runToEnd, smallDisk, startRcloneServer, startS3Server, startSshd, startTcpProxy, writeRandomFile } from '@longhaul/testbed';
import { describe, expect, it, vi } from 'vitest';
import type { PublishStep, RawPath } from '../src/index.ts';
import { LocalTransport } from '../src/index.ts';
import { RcloneBench } from './rclone-setup.ts';
import { checksumsHold, compared, EXACT, placement, publish, push } from './ssh-setup.ts';

// Each call is a start of rclone: on a machine that is busy, minutes.
vi.setConfig({ testTimeout: 240_000 });

const raw = (path: string): RawPath => path as RawPath;
const small = [{ path: 'a', file: 'alpha' }, { path: 'folder/b', file: 'beta' }];
const DOWNLOADED = { ...EXACT, strength: 'download' };

describe.runIf(requireService('rclone'))('a bucket store, which moves no folders', () => {
  it('gets its results in place, the receipt last; the next generation replaces it, another source does not', async () => {
    // For Amazon's own tools; rclone fails with it.
    vi.stubEnv('AWS_CA_BUNDLE', undefined);
    await using s3 = await startS3Server();
    await using bench = await RcloneBench.open();
    const transport = await bench.transport(s3.remote, { path: `${s3.bucket}/results of 2026` });
    const rclone = async (...args: readonly string[]): Promise<string> => (await runProgram('rclone', [`--config=${bench.dir.join('rclone.conf')}`, ...args])).stdout;
    const seal = await bench.sealed([...small, { path: 'folder/edited', file: 'delta' }, { path: 'empty folder', dir: true }, { path: 'link', symlink: '../no/such' }]);
    expect(await transport.probe()).toMatchObject({ reachable: true, hash: 'download', tools: expect.arrayContaining(['backend s3', 'holds no empty folders']) as string[] });
    await transport.checkNames(seal);
    const pushed = await push(transport, seal);
    expect(pushed).toMatchObject({ ok: true, stdout: expect.stringMatching(/rclonelink[^]*inventory/) as string });
    expect(await transport.readReceipt({ finalName: raw('results') })).toEqual({ kind: 'none' });
    expect(await compared(transport, seal)).toEqual(DOWNLOADED);

    // Nobody else gets the name meanwhile, and nothing is sent twice.
    const other = await bench.sealed([{ path: 'a', file: 'other' }], 'elsewhere');
    expect(await push(transport, other, { jobId: 'job-2', hostId: 'host-2' })).toMatchObject({ ok: false, errorKind: 'network', evidence: expect.stringContaining('job-1') as string });
    expect(await push(transport, seal, { epoch: 2 })).toMatchObject({ ok: true, bytesSent: 0 });
    expect(await publish(transport, seal, { epoch: 1 })).toMatchObject({ kind: 'fenced' });
    expect(await publish(transport, seal, { epoch: 2 })).toEqual({ kind: 'published' });
    expect(await publish(transport, seal, { epoch: 3 })).toEqual({ kind: 'published' });
    expect(await compared(transport, seal, { where: 'final' })).toEqual(DOWNLOADED);
    expect(await push(transport, other, { jobId: 'job-2', hostId: 'host-2' })).toMatchObject({ ok: false, errorKind: 'config' });
    expect((await rclone('lsf', '-R', '--files-only', `lab:${s3.bucket}`)).split('\n').filter((path) => path.includes('.longhaul-incoming') && !path.includes('job-2'))).toEqual([]);

    // Somebody works there, too: a file of his own, and one of ours that he has edited.
    const theirs = async (name: string, input: string): Promise<unknown> => runToEnd('rclone', [`--config=${bench.dir.join('rclone.conf')}`, 'rcat', `lab:${s3.bucket}/results of 2026/results/${name}`], { input });
    await theirs('notes.txt', 'by hand');
    await theirs('folder/edited', 'DELTA');
    // The next generation: without a receipt while it is being made.
    rmSync(bench.dir.join('results/folder'), { recursive: true });
    const next = await bench.sealed([{ path: 'a', file: 'gamma' }]);
    const job = { jobId: 'job-3', generation: 2 };
    expect(await push(transport, next, job)).toMatchObject({ ok: true });
    expect(await transport.readReceipt({ finalName: raw('results') })).toEqual({ kind: 'none' });
    const { extra } = await compared(transport, next, job);
    expect(new Set(extra)).toEqual(new Set(['folder/b', 'folder/edited', 'folder', 'notes.txt']));
    await transport.prune({ placement: placement(job), extras: extra });
    const left = await compared(transport, next, job);
    expect({ ...left, extra: new Set(left.extra) }).toEqual({ ...DOWNLOADED, extra: new Set(['folder/edited', 'folder', 'notes.txt']) });
    expect(await publish(transport, next, job)).toEqual({ kind: 'published', leftover: expect.stringMatching(/not of this result \(2, .*nothing of them was deleted/) as string });
    expect(await rclone('cat', `lab:${s3.bucket}/results of 2026/results/folder/edited`)).toBe('DELTA');
    expect(await rclone('lsf', `lab:${s3.bucket}/results of 2026/results/.longhaul`)).not.toContain('unfinished');

    // As a person gets it back: symlinks and all.
    await runProgram('rclone', [`--config=${bench.dir.join('rclone.conf')}`, 'copy', '--links', `lab:${s3.bucket}/results of 2026/results`, bench.dir.join('back')]);
    expect(await checksumsHold(bench.dir.join('back'))).toBe('all hold');
    expect(readlinkSync(bench.dir.join('back/link'))).toBe('../no/such');
    expect(readFileSync(bench.dir.join('back/a'), 'utf8')).toBe('gamma');
  });

  it('is left clean by a job that is given up before anything was there, but for what others have put beside', async () => {
    vi.stubEnv('AWS_CA_BUNDLE', undefined);
    await using s3 = await startS3Server();
    await using bench = await RcloneBench.open();
    const transport = await bench.transport(s3.remote, { path: s3.bucket });
    const seal = await bench.sealed(small);
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    const config = `--config=${bench.dir.join('rclone.conf')}`;
    await runToEnd('rclone', [config, 'rcat', `lab:${s3.bucket}/results/notes.txt`], { input: 'by hand' });
    await transport.remove({ placement: placement({ epoch: 2 }) });
    expect((await runProgram('rclone', [config, 'lsf', '-R', '--files-only', `lab:${s3.bucket}`])).stdout).toBe('results/notes.txt\n');
    await runProgram('rclone', [config, 'purge', `lab:${s3.bucket}/results`]);
    expect(await push(transport, seal, { epoch: 3 })).toMatchObject({ ok: true });
    await transport.remove({ placement: placement({ epoch: 4 }) });
    const { stdout } = await runProgram('rclone', [`--config=${bench.dir.join('rclone.conf')}`, 'lsf', '-R', '--files-only', `lab:${s3.bucket}`]);
    expect(stdout).toBe('');
    const absent = await bench.transport(s3.remote, { path: 'no-such-bucket' });
    expect(await push(absent, seal)).toMatchObject({ ok: false, errorKind: 'config', hint: expect.stringContaining('rclone mkdir') as string });
  });
});

describe.runIf(requireService('rclone'))('a publish that moves folders', () => {
  class Killed extends Error {}

  it.each(['lock', 'stage-in', 'old-aside', 'reveal'] as const satisfies readonly PublishStep[])('killed after the step "%s" is mended by the next claim', async (last) => {
    await using bench = await RcloneBench.open();
    const remote = { type: 'alias', remote: bench.there };
    // An earlier generation, which another transport has published: the layout is one.
    const first = await bench.sealed([{ path: 'a', file: 'first' }]);
    await using local = new LocalTransport({ path: bench.there });
    await push(local, first);
    expect(await publish(local, first)).toEqual({ kind: 'published' });
    const transport = await bench.transport(remote);
    const seal = await bench.sealed([{ path: 'a', file: 'second' }]);
    const job = { jobId: 'job-2', generation: 2 };
    await push(transport, seal, job);
    const dying = await bench.transport(remote, {
      afterPublishStep: (step) => {
        if (step === last) throw new Killed();
      },
    });
    await expect(publish(dying, seal, job)).rejects.toThrow(Killed);
    expect(await publish(transport, seal, { ...job, epoch: 2 })).toEqual({ kind: 'published' });
    expect(readFileSync(`${bench.there}/results/a`, 'utf8')).toBe('second');
    expect(readdirSync(`${bench.there}/.longhaul-incoming`)).toEqual(['.locks']);
    expect(readdirSync(`${bench.there}/.longhaul-incoming/.locks`)).toEqual([]);
  });
});

describe.runIf(requireService('rclone', 'sshd', 'root'))('failures of real servers', () => {
  it('a full disk behind SFTP, which has no word for it, is told by asking for free space', async () => {
    await using disk = await smallDisk({ bytes: 1 << 20 });
    await using sshd = await startSshd({ config: ['Subsystem sftp internal-sftp'] });
    await using bench = await RcloneBench.open();
    const remote = { type: 'sftp', host: '127.0.0.1', port: String(sshd.port), user: sshd.user, key_file: sshd.clientKey, known_hosts_file: sshd.knownHosts };
    const transport = await bench.transport(remote, { path: disk.path });
    writeRandomFile(bench.dir.join('results/big'), 3 << 20);
    const seal = await bench.sealed([]);
    expect(await transport.probe()).toMatchObject({ reachable: true, hash: 'download', hint: expect.stringContaining('rsync_ssh') as string });
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'no_space', evidence: expect.stringContaining('SSH_FX_FAILURE') as string });
    const wrong = await bench.transport({ ...remote, known_hosts_file: sshd.changedKnownHosts }, { path: disk.path });
    expect(await push(wrong, seal)).toMatchObject({ ok: false, errorKind: 'host_key' });
  });

  it('a wrong password is auth, a server that is off is network, a missing folder is config; each says what to do', async () => {
    await using bench = await RcloneBench.open();
    await using server = await startRcloneServer({ protocol: 'webdav', folder: bench.there });
    const seal = await bench.sealed(small);
    const wrong = await bench.transport({ ...remoteOf('webdav', server), pass: 'wrong' });
    expect(await push(wrong, seal)).toMatchObject({ ok: false, errorKind: 'auth', hint: expect.stringContaining('rclone config') as string });
    expect(await wrong.probe()).toMatchObject({ reachable: false, errorKind: 'auth' });
    const off = await bench.transport(remoteOf('webdav', { ...server, port: await freePort() }));
    expect(await push(off, seal)).toMatchObject({ ok: false, errorKind: 'network' });
    const missing = await bench.transport(remoteOf('webdav', server), { path: 'no/such/folder' });
    expect(await push(missing, seal)).toMatchObject({ ok: false, errorKind: 'config', evidence: expect.stringContaining('does not exist') as string });
    expect(existsSync(`${bench.there}/no`)).toBe(false);
    const nowhere = await bench.transport({ type: 'alias', remote: bench.there }, { remote: 'no-such-remote:x' });
    expect(await push(nowhere, seal)).toMatchObject({ ok: false, errorKind: 'config', hint: expect.stringContaining('rclone listremotes') as string });
    const strict = await bench.transport(remoteOf('webdav', server), { verify: 'hash' });
    expect(await push(strict, seal)).toMatchObject({ ok: false, errorKind: 'config', hint: expect.stringContaining('verify: download') as string });
  });

  it('a line that is cut in the middle is network; the next push goes on', async () => {
    await using bench = await RcloneBench.open();
    await using server = await startRcloneServer({ protocol: 'webdav', folder: bench.there });
    await using proxy = await startTcpProxy({ target: server.port });
    const transport = await bench.transport(remoteOf('webdav', { ...server, port: proxy.port }));
    writeRandomFile(bench.dir.join('results/one'), 4 << 20);
    const seal = await bench.sealed([{ path: 'two', file: 'small' }]);
    proxy.faults.cutAfter = { up: 2 << 20, down: Number.POSITIVE_INFINITY };
    const first = await push(transport, seal);
    expect(first).toMatchObject({ ok: false, errorKind: 'network' });
    proxy.faults.cutAfter = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };
    expect(await push(transport, seal, { epoch: 2 })).toMatchObject({ ok: true });
    expect(await compared(transport, seal, { epoch: 2 })).toEqual(DOWNLOADED);
  });

  it('verified by sizes alone, a changed byte is not seen, and the proof says that it is none of content', async () => {
    await using bench = await RcloneBench.open();
    const remote = { type: 'alias', remote: bench.there };
    const seal = await bench.sealed(small);
    const [bySize, byHash] = [await bench.transport(remote, { verify: 'size' }), await bench.transport(remote)];
    await push(bySize, seal);
    writeFileSync(`${bench.there}/.longhaul-incoming/job-1/tree/a`, 'alphA');
    expect(await compared(bySize, seal)).toEqual({ ...EXACT, strength: 'size' });
    expect(await compared(byHash, seal)).toMatchObject({ mismatched: ['a'] });
    expect(await push(byHash, seal, { repeat: [raw('a')] })).toMatchObject({ ok: true });
    expect(await compared(byHash, seal)).toEqual(EXACT);
  });
});

