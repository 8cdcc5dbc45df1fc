import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { processInfo } from '@longhaul/exec';
import { busyboxPath, oddTree, requireService, runToEnd, smallFiles, startTcpProxy, waitFor, writeRandomFile, writeTree } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';
import type { RawPath } from '../src/index.ts';
import { displayPath } from '../src/index.ts';
import { halfLoggedIn } from './corpus/recorded-case.ts';
import { checksumsHold, compared, EXACT, placement, publish, push, SshBench } from './ssh-setup.ts';

const MIB = 1 << 20;
const raw = (path: string): RawPath => path as RawPath;
const small = [{ path: 'a', file: 'alpha' }, { path: 'folder/b', file: 'beta' }];

describe.runIf(requireService('sshd', 'rsync'))('many small files', () => {
  it('arrive, are proven, and only what changed is sent for the next generation', async () => {
    await using bench = await SshBench.open();
    const transport = bench.transport();
    const first = await bench.sealed(smallFiles({ count: 2_000 }));
    const told: number[] = [];
    const result = await push(transport, first, { onProgress: ({ bytesDone }) => told.push(bytesDone) });
    expect(result).toMatchObject({ ok: true, errorKind: null, returncode: 0 });
    expect(result.bytesSent).toBeGreaterThan(first.totals.bytes);
    expect(told.at(-1)).toBe(first.totals.bytes);
    expect(await compared(transport, first)).toEqual(EXACT);
    expect(await publish(transport, first)).toEqual({ kind: 'published' });
    expect(await checksumsHold(`${bench.there}/results`)).toBe('all hold');

    writeTree(bench.dir.join('results'), [{ path: 'd0000/f00.dat', file: 'changed' }, { path: 'new', file: 'new' }]);
    rmSync(bench.dir.join('results/d0019/f99.dat'));
    const second = await bench.seal();
    const job = { jobId: 'job-2', generation: 2 };
    const again = await push(transport, second, job);
    expect(again).toMatchObject({ ok: true });
    expect(again.bytesSent).toBeLessThan(200_000);
    expect(await compared(transport, second, job)).toEqual(EXACT);
    expect(await publish(transport, second, job)).toEqual({ kind: 'published' });
    expect(await checksumsHold(`${bench.there}/results`)).toBe('all hold');
    expect(existsSync(`${bench.there}/results/d0019/f99.dat`)).toBe(false);
    expect(readdirSync(`${bench.there}/.longhaul-incoming`)).toEqual(['.locks']);
  }, 240_000);
});

describe.runIf(requireService('sshd', 'rsync'))('odd names', () => {
  it('arrive byte for byte, and GNU sha256sum finds them by the checksums file', async () => {
    await using bench = await SshBench.open();
    const transport = bench.transport();
    const seal = await bench.sealed(oddTree());
    await transport.checkNames(seal);
    expect(await push(transport, seal)).toMatchObject({ ok: true, stderr: '' });
    expect(await compared(transport, seal)).toEqual(EXACT);
    expect(await publish(transport, seal, { finalName: "odd '$(x)\n\\;" })).toEqual({ kind: 'published' });
    expect(await checksumsHold(`${bench.there}/odd '$(x)\n\\;`)).toBe('all hold');
    await using next = await SshBench.open();
    await runToEnd('cp', ['-a', bench.dir.join('results'), next.dir.join('results')]);
    expect(displayPath(seal.source.root)).toContain('results');
  });

  it('are fine for the source\'s folder, the destination\'s folder and the key, too', async () => {
    await using bench = await SshBench.open();
    const odd = "it's 100% \"odd\" $(touch x)";
    const path = bench.dir.join(odd);
    mkdirSync(path);
    const [sshKey, knownHosts] = [bench.dir.join(`${odd} key`), bench.dir.join(`${odd} hosts`)];
    writeFileSync(sshKey, readFileSync(bench.sshd.clientKey), { mode: 0o600 });
    writeFileSync(knownHosts, readFileSync(bench.sshd.knownHosts));
    const transport = bench.transport({ path, sshKey, knownHosts });
    const folder = Buffer.concat([Buffer.from(bench.dir.join('bytes ')), Buffer.from([0xff, 0x0a])]);
    mkdirSync(folder);
    writeFileSync(Buffer.concat([folder, Buffer.from('/data')]), 'content');
    const seal = { ...(await bench.sealed([{ path: 'data', file: 'content' }])) };
    const moved = { ...seal, source: { ...seal.source, root: folder.toString('latin1') as RawPath } };
    const job = { finalName: Buffer.from([0x66, 0xfe]).toString('latin1') };
    expect(await push(transport, moved, job)).toMatchObject({ ok: true, stderr: '' });
    expect(await compared(transport, moved, job)).toEqual(EXACT);
    expect(await publish(transport, moved, job)).toEqual({ kind: 'published' });
    expect(await push(transport, moved, { ...job, jobId: 'job-2' })).toMatchObject({ ok: true });
    expect(await compared(transport, moved, { ...job, where: 'final' })).toEqual(EXACT);
    await runToEnd('sh', ['-c', 'rm -rf "$1"/bytes*', 'sh', bench.dir.path]);
  });
});

describe.runIf(requireService('sshd', 'rsync'))('going on after a break', () => {
  it('sends little more than the rest after a cut at 70 %, and names the network', async () => {
    await using bench = await SshBench.open();
    await using proxy = await startTcpProxy({ target: bench.sshd.port });
    const transport = bench.transport({ port: proxy.port, knownHosts: await bench.sshd.knownHostsFor(proxy.port) });
    writeRandomFile(bench.dir.join('results/big'), 64 * MIB);
    const seal = await bench.seal();
    proxy.faults.cutAfter = { up: 45 * MIB, down: Infinity };
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'network' });
    proxy.faults.cutAfter = { up: Infinity, down: Infinity };
    const before = proxy.passed.up;
    let position = 0;
    const rest = await push(transport, seal, { epoch: 2, onProgress: ({ bytesDone }) => (position = bytesDone) });
    expect(rest).toMatchObject({ ok: true });
    expect(rest.bytesSent).toBeLessThan(26 * MIB);
    expect(proxy.passed.up - before).toBeLessThan(26 * MIB);
    expect(position).toBe(64 * MIB);
    expect(await compared(transport, seal, { epoch: 2 })).toEqual(EXACT);
  });

  it('ends well after cuts at random points', async () => {
    await using bench = await SshBench.open();
    await using proxy = await startTcpProxy({ target: bench.sshd.port });
    const transport = bench.transport({ port: proxy.port, knownHosts: await bench.sshd.knownHostsFor(proxy.port) });
    const seal = await bench.sealed(Array.from({ length: 40 }, (_, index) => ({ path: `f${String(index)}`, file: Buffer.alloc(100_000, String(index)) })));
    let epoch = 1;
    for (const [direction, bytes] of [['up', 900], ['down', 1500], ['up', 4000], ['up', 60_000], ['down', 9000], ['up', 1_000_000], ['up', 2_500_000]] as const) {
      proxy.faults.cutAfter = { up: Infinity, down: Infinity, [direction]: proxy.passed[direction] + bytes };
      const result = await push(transport, seal, { epoch });
      if (!result.ok) expect(result.errorKind).toBe('network');
      epoch += 1;
    }
    proxy.faults.cutAfter = { up: Infinity, down: Infinity };
    expect(await push(transport, seal, { epoch })).toMatchObject({ ok: true });
    expect(await compared(transport, seal, { epoch })).toEqual(EXACT);
  });

  it.each([{ by: 'rsync', limit: { bandwidth: 16 * MIB } }, { by: 'tar', limit: {} }])('takes over from a push that hangs: its $by there is ended, and what it had received is used', async ({ limit }) => {
    await using bench = await SshBench.open();
    await using proxy = await startTcpProxy({ target: bench.sshd.port });
    const hanging = bench.transport({ port: proxy.port, knownHosts: await bench.sshd.knownHostsFor(proxy.port) });
    writeRandomFile(bench.dir.join('results/big'), 16 * MIB);
    const seal = await bench.seal();
    const abort = new AbortController();
    const first = push(hanging, seal, { signal: abort.signal, ...limit });
    await waitFor(() => proxy.passed.up > 10 * MIB, { what: 'ten megabytes', interval: 2 });
    proxy.faults.stalled = true;
    const [pidFile] = await waitFor(() => { const found = readdirSync(`${bench.there}/.longhaul-incoming/job-1`).filter((name) => name.startsWith('push.')); return found.length > 0 && found; });
    const [pid = 0] = readFileSync(`${bench.there}/.longhaul-incoming/job-1/${pidFile}/pid`, 'utf8').split(' ').map(Number);
    expect(processInfo(pid)).not.toBeNull();
    const transport = bench.transport();
    const second = await push(transport, seal, { epoch: 2 });
    expect(second).toMatchObject({ ok: true });
    expect(second.bytesSent).toBeLessThan(9 * MIB);
    expect(processInfo(pid)).toBeNull();
    expect(await compared(transport, seal, { epoch: 2 })).toEqual(EXACT);
    abort.abort();
    expect(await first).toMatchObject({ ok: false, errorKind: 'interrupted' });
  });

  it('does not let an rsync begin whose push was replaced before', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(small);
    // The leave to begin goes as soon as it is given, as a later claim would take it.
    const script = 'mkdir() { command mkdir "$@" && case $* in *push.*) command rmdir "$@" ;; esac; }\n';
    expect(await push(bench.transport({ scriptPrelude: () => script }), seal)).toMatchObject({ ok: false, errorKind: 'interrupted', evidence: expect.stringContaining('replaced by a later one') as string });
    expect(readdirSync(`${bench.there}/.longhaul-incoming/job-1/tree`)).toEqual([]);
  });
});

describe.runIf(requireService('sshd', 'rsync'))('aborting', () => {
  it('ends rsync and its ssh, which the caller was told of', async () => {
    await using bench = await SshBench.open();
    const transport = bench.transport();
    writeRandomFile(bench.dir.join('results/big'), 8 * MIB);
    const seal = await bench.seal();
    const abort = new AbortController();
    let group = 0;
    const pushing = push(transport, seal, {
      signal: abort.signal,
      bandwidth: MIB,
      onProcess: ({ pid, startTime }) => {
        const info = processInfo(pid);
        expect(info?.startTime).toBe(startTime);
        group = info?.pgid ?? 0;
      },
      onProgress: ({ bytesDone }) => {
        if (bytesDone > 0) abort.abort();
      },
    });
    expect(await pushing).toMatchObject({ ok: false, errorKind: 'interrupted' });
    expect(group).toBeGreaterThan(1);
    expect((await runToEnd('pgrep', ['-g', String(group)])).stdout.toString()).toBe('');
  });
});

describe.runIf(requireService('sshd', 'rsync'))('what fails', () => {
  it('is a login, with the line that says so', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(small);
    const result = await push(bench.transport({ sshKey: bench.sshd.strangerKey }), seal);
    expect(result).toMatchObject({ ok: false, errorKind: 'auth', evidence: expect.stringContaining('Permission denied (publickey') as string, hint: expect.stringContaining('authorized_keys') as string });
  });

  it.each(['changedKnownHosts', 'emptyKnownHosts'] as const)('is the host\'s key, with the fingerprint it shows now (%s)', async (file) => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(small);
    const result = await push(bench.transport({ knownHosts: bench.sshd[file] }), seal);
    expect(result).toMatchObject({ ok: false, errorKind: 'host_key' });
    const { stdout } = await runToEnd('ssh-keygen', ['-l', '-f', '-'], { input: `${bench.sshd.hostKey}\n` });
    expect(result.hint).toContain(stdout.toString().split(' ')[1]);
    expect(result.hint).toContain('longhaul sync destinations trust nas');
    expect(readFileSync(bench.sshd[file], 'utf8')).not.toContain(bench.sshd.hostKey);
  });

  it('is the network: sshd down, too many logins, no answer', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(small);
    const transport = bench.transport();
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    await bench.sshd.stop();
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'network' });
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'network', evidence: expect.stringContaining('Connection refused') as string });
    expect(await transport.probe()).toMatchObject({ reachable: false, errorKind: 'network' });
    await bench.sshd.start();
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    await using proxy = await startTcpProxy({ target: bench.sshd.port, refusing: true });
    expect(await push(bench.transport({ port: proxy.port }), seal)).toMatchObject({ ok: false, errorKind: 'network' });
  });

  it('is the network, too, where sshd takes no more logins', async () => {
    await using bench = await SshBench.open({ maxStartups: '1:100:1' });
    const seal = await bench.sealed(small);
    const transport = bench.transport();
    {
      await using _waiting = await halfLoggedIn(bench.sshd.port);
      expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'network', evidence: expect.stringContaining('kex_exchange_identification') as string });
    }
    await waitFor(async () => (await push(transport, seal)).ok, { what: 'a push' });
  });

  it('is the configuration: a name nobody knows, a folder that is not there', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(small);
    expect(await push(bench.transport({ target: 'lab@no-such-host.invalid' }), seal)).toMatchObject({ errorKind: 'config', evidence: expect.stringContaining('Could not resolve') as string });
    const missing = bench.transport({ path: bench.dir.join('not/there') });
    expect(await push(missing, seal)).toMatchObject({ errorKind: 'config', hint: expect.stringContaining('never created') as string });
    expect(await missing.probe()).toMatchObject({ reachable: true, errorKind: 'config' });
    expect(existsSync(bench.dir.join('not'))).toBe(false);
  });

  it('is rsync missing there: no kind, and the line that installs it', async () => {
    await using tools = await busyboxPath();
    await using bench = await SshBench.open({ config: [`ForceCommand PATH=${tools.path} exec ${tools.path}/sh -c "$SSH_ORIGINAL_COMMAND"`] });
    const seal = await bench.sealed(small);
    const transport = bench.transport();
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: null, hint: expect.stringContaining('apt-get install rsync') as string });
    expect(await transport.probe()).toMatchObject({ reachable: true, errorKind: 'config', evidence: expect.stringContaining('rsync is missing') as string });
  });

  it('is rsync missing here', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(small);
    const { systemRunner } = await import('@longhaul/exec');
    const real = systemRunner();
    const without = (command: Parameters<typeof real.spawn>[0]): typeof command => (command.program === 'rsync' ? { ...command, program: 'no-such-rsync' } : command);
    const runner = { detach: real.detach.bind(real), run: async (command: Parameters<typeof real.run>[0]) => real.run(without(command)), spawn: async (command: Parameters<typeof real.spawn>[0]) => real.spawn(without(command)) };
    expect(await push(bench.transport({ runner }), seal)).toMatchObject({ ok: false, errorKind: null, hint: expect.stringContaining('rsync') as string });
  });

  it.runIf(requireService('root'))('is a full disk', async () => {
    const { smallDisk } = await import('@longhaul/testbed');
    await using disk = await smallDisk({ bytes: MIB });
    await using bench = await SshBench.open();
    const transport = bench.transport({ path: disk.path });
    writeRandomFile(bench.dir.join('results/big'), 3 * MIB);
    const result = await push(transport, await bench.seal());
    expect(result).toMatchObject({ ok: false, errorKind: 'no_space', evidence: expect.stringContaining('No space left') as string });
    await runToEnd('sh', ['-c', 'cat /dev/zero >"$1"', 'sh', `${disk.path}/filler`]);
    expect(await transport.probe()).toMatchObject({ reachable: true, errorKind: 'no_space' });
    rmSync(`${disk.path}/filler`, { force: true });
    await transport.remove({ placement: placement({ epoch: 2 }) });
    expect(await transport.probe()).toMatchObject({ reachable: true, errorKind: null });
  });

  it.runIf(requireService('root'))('is a folder that this account may not write, or that nobody may', async () => {
    const { readOnlyMount } = await import('@longhaul/testbed');
    await using bench = await SshBench.open({ runAs: 65534 });
    chmodSync(bench.there, 0o755);
    const seal = await bench.sealed(small);
    const denied = bench.transport();
    expect(await push(denied, seal)).toMatchObject({ ok: false, errorKind: 'permission', hint: expect.stringContaining('may not write') as string });
    expect(await denied.probe()).toMatchObject({ reachable: true, errorKind: 'permission' });
    await using frozen = await readOnlyMount(bench.there);
    expect(await push(bench.transport({ path: frozen.path }), seal)).toMatchObject({ ok: false, errorKind: 'config', hint: expect.stringContaining('read-only') as string });
  });

  it('is a sealed file that is gone, or the whole source', async () => {
    await using bench = await SshBench.open();
    const transport = bench.transport();
    const seal = await bench.sealed(small);
    rmSync(bench.dir.join('results/a'));
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'local_file_vanished', evidence: expect.stringContaining('/a"') as string });
    rmSync(bench.dir.join('results'), { recursive: true });
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'local_file_vanished' });
  });

  it('is a file there that cannot be read: no mismatch, and no proof', async () => {
    if (!requireService('root')) return;
    await using bench = await SshBench.open({ runAs: 65534 });
    chmodSync(bench.there, 0o777);
    const transport = bench.transport();
    const seal = await bench.sealed(small);
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    const file = `${bench.there}/.longhaul-incoming/job-1/tree/a`;
    rmSync(file);
    writeFileSync(file, 'alpha', { mode: 0o600 });
    await expect(compared(transport, seal)).rejects.toMatchObject({ code: 'TRANSPORT', message: expect.stringContaining('"a"') as string });
  });

  it('is not a pipe that lies where a file should be', async () => {
    await using bench = await SshBench.open();
    const transport = bench.transport();
    const seal = await bench.sealed(small);
    await push(transport, seal);
    const file = `${bench.there}/.longhaul-incoming/job-1/tree/a`;
    rmSync(file);
    await runToEnd('mkfifo', [file]);
    expect(await compared(transport, seal)).toMatchObject({ mismatched: ['a'] });
  });
});

describe.runIf(requireService('sshd', 'rsync'))('a destination', () => {
  it('may be an ordinary user\'s, with folders of the source that are read-only', async () => {
    if (!requireService('root')) return;
    await using bench = await SshBench.open({ runAs: 65534 });
    chmodSync(bench.there, 0o777);
    const transport = bench.transport();
    const seal = await bench.sealed([{ path: 'closed/file', file: 'x', mode: 0o444 }, { path: 'closed/deep/file', file: 'y' }, { path: 'closed/deep', dir: true, mode: 0o555 }, { path: 'closed', dir: true, mode: 0o555 }]);
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    expect(await compared(transport, seal)).toEqual(EXACT);
    expect(await publish(transport, seal)).toEqual({ kind: 'published' });
    expect(lstatSync(`${bench.there}/results/closed`)).toMatchObject({ uid: 65534 });
    expect(statSync(`${bench.there}/results/closed`).mode & 0o777).toBe(0o555);
    const job = { jobId: 'job-2', generation: 2 };
    expect(await push(transport, seal, job)).toMatchObject({ ok: true });
    expect(await publish(transport, seal, job)).toEqual({ kind: 'published' });
    expect(await push(transport, seal, { jobId: 'job-3' })).toMatchObject({ ok: true });
    await transport.remove({ placement: placement({ jobId: 'job-3', epoch: 2 }) });
    expect(readdirSync(`${bench.there}/.longhaul-incoming`)).toEqual(['.locks']);
    chmodSync(bench.dir.join('results/closed'), 0o755);
    chmodSync(bench.dir.join('results/closed/deep'), 0o755);
  });

  it('may have BusyBox only: odd names, symlinks, hashes and publish are the same', async () => {
    if (!requireService('busybox')) return;
    await using tools = await busyboxPath({ also: ['rsync'] });
    await using bench = await SshBench.open({ config: [`ForceCommand PATH=${tools.path} exec ${tools.path}/sh -c "$SSH_ORIGINAL_COMMAND"`] });
    const transport = bench.transport();
    const seal = await bench.sealed([...oddTree(), { path: 'many\nlink', symlink: 'to\n\nnewlines\n' }, { path: 'empty', file: '' }]);
    await transport.checkNames(seal);
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    const { entries } = await transport.hashsum({ where: 'staging', placement: placement(), seal });
    expect(entries.get(raw('many\nlink'))).toEqual({ type: 'symlink', target: 'to\n\nnewlines\n' });
    expect(await compared(transport, seal)).toEqual(EXACT);
    expect(await publish(transport, seal)).toEqual({ kind: 'published' });
    expect(await checksumsHold(`${bench.there}/results`)).toBe('all hold');
    expect((await transport.probe()).tools.join(' ')).toContain('rsync');
  });

  it('without any program for SHA-256 proves nothing, and says so', async () => {
    if (!requireService('busybox')) return;
    // BusyBox has its programs built in, whether there are links to them or not: so GNU's, all but those that hash.
    await using tools = await busyboxPath({ only: [], also: ['sh', 'bash', 'rsync', 'ls', 'mkdir', 'rmdir', 'rm', 'mv', 'cat', 'find', 'xargs', 'sed', 'grep', 'head', 'tail', 'wc', 'date', 'getconf', 'sync', 'df', 'uname', 'stat', 'chmod', 'sleep'] });
    await using bench = await SshBench.open({ config: [`ForceCommand PATH=${tools.path} exec ${tools.path}/sh -c "$SSH_ORIGINAL_COMMAND"`] });
    const transport = bench.transport();
    const seal = await bench.sealed(small);
    await push(transport, seal);
    await expect(compared(transport, seal)).rejects.toMatchObject({ errorKind: 'config', hint: expect.stringContaining('sha256sum') as string });
    expect(await transport.probe()).toMatchObject({ errorKind: 'config', hash: 'size' });
  });

  it('gives a lock back that a process of the same claim has left', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(small);
    await push(bench.transport(), seal);
    const killing = bench.transport({ scriptPrelude: () => `reached() { if [ "$1" = lock ]; then sh -c "kill -9 $$ \\$PPID"; fi; }\n` });
    await expect(publish(killing, seal)).rejects.toMatchObject({ code: 'TRANSPORT' });
    expect(await publish(bench.transport(), seal)).toEqual({ kind: 'published' });
  });

  it('keeps one of two hosts out that want the same final name', async () => {
    await using bench = await SshBench.open();
    const [one, two] = [bench.transport(), bench.transport()];
    const [mine, theirs] = [await bench.sealed([{ path: 'a', file: '1' }], 'one'), await bench.sealed([{ path: 'a', file: '2' }], 'two')];
    const [first, second] = [{ jobId: 'job-1', hostId: 'host-1' }, { jobId: 'job-2', hostId: 'host-2' }];
    await Promise.all([push(one, mine, first), push(two, theirs, second)]);
    const outcomes = await Promise.all([publish(one, mine, first), publish(two, theirs, second)]);
    expect(outcomes.filter(({ kind }) => kind === 'published')).toHaveLength(1);
    expect(['conflict', 'locked']).toContain(outcomes.find(({ kind }) => kind !== 'published')?.kind);
    expect(readFileSync(`${bench.there}/results/a`, 'utf8')).toBe(outcomes[0].kind === 'published' ? '1' : '2');
  });
});
