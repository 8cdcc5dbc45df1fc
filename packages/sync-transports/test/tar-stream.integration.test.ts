import { chmodSync, existsSync, rmSync, utimesSync } from 'node:fs';
import type { Command, ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import { oddTree, requireService, runProgram, writeRandomFile, writeTree } from '@longhaul/testbed';
import type { TreeEntry } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';
import type { RawPath, SealListing } from '../src/index.ts';
import { parseFacts } from '../src/rsync-ssh/remote-facts.ts';
import { LocalTools } from '../src/rsync-ssh/stream/local-tools.ts';
import { isStreamable } from '../src/rsync-ssh/stream/streamable.ts';
import { compared, EXACT, publish, push, SshBench } from './ssh-setup.ts';

/** The real runner, and what was started with it to send files. */
function watchedRunner(): { readonly runner: ProcessRunner; readonly senders: readonly string[] } {
  const real = systemRunner();
  const senders: string[] = [];
  const spawn = async (command: Command): ReturnType<ProcessRunner['spawn']> => {
    if (command.program === 'rsync') senders.push('rsync');
    if (command.args?.some((arg) => arg.includes('tar -c')) === true) senders.push('tar');
    return real.spawn(command);
  };
  return { runner: { run: real.run.bind(real), detach: real.detach.bind(real), spawn }, senders };
}

/** Everything that both tools carry: names, kinds, rights, owners, times, sizes, targets. */
async function inventory(folder: string): Promise<string> {
  const { stdout } = await runProgram('find', [folder, '-mindepth', '1', '-printf', '%y %m %U %G %T@ %s %l %P\\0']);
  return stdout.split('\0').sort().join('\n').replaceAll(/^d (\S+ \S+ \S+ \S+) \d+/gm, 'd $1');
}

/** `a-b` stands between `a` and what `a` holds; both have times of their own, and one may not be written. */
const TREE: readonly TreeEntry[] = [
  ...oddTree(),
  { path: 'a-b', file: 'between' },
  { path: 'a/c', file: 'inside', mode: 0o400 },
  { path: 'a/deep/er/file', file: 'x', mode: 0o4755 },
  { path: 'a/deep', dir: true, mode: 0o555 },
  { path: 'empty', dir: true, mode: 0o700 },
  { path: `${'long/'.repeat(60)}name`, file: 'long' },
  { path: 'nothing', file: '' },
  { path: 'dangling', symlink: '/nowhere/at/all' },
  { path: 'up', symlink: '../../out' },
];

const FASTER_THAN_ANY = 10e9;
/** Whoever comes by ssh: root, and somebody in a group of their own. */
const ACCOUNTS = [{ who: 'root', sshd: {} }, { who: 'an ordinary account', sshd: { runAs: 65534 } }];

describe.runIf(requireService('sshd', 'rsync', 'root'))('a first push', () => {
  it.each(ACCOUNTS)('goes as one stream to $who, and arrives as rsync brings it', async ({ sshd }) => {
    await using bench = await SshBench.open(sshd);
    chmodSync(bench.there, 0o777);
    writeTree(bench.dir.join('results'), TREE);
    // rsync leaves a folder the parts of a second that it was made in.
    await runProgram('find', [bench.dir.join('results'), '-exec', 'touch', '-h', '-d', '2021-02-03 04:05:06.789012345', '{}', '+']);
    utimesSync(bench.dir.join('results/a'), 1_000_000_000.25, 1_000_000_000.25);
    utimesSync(bench.dir.join('results/a-b'), 1_234_567_890.123, 1_234_567_890.123);
    utimesSync(bench.dir.join('results/nothing'), 4_000_000_000, 4_000_000_000);
    const { runner, senders } = watchedRunner();
    const transport = bench.transport({ runner });
    const seal = await bench.seal();
    const told: number[] = [];
    expect(await push(transport, seal, { onProgress: ({ bytesDone }) => told.push(bytesDone) })).toMatchObject({ ok: true, errorKind: null, returncode: 0, stderr: '' });
    expect(told.at(-1)).toBe(seal.totals.bytes);
    // A limit, however high, is kept by rsync.
    const other = { jobId: 'job-2', finalName: 'by-rsync' };
    expect(await push(transport, seal, { ...other, bandwidth: FASTER_THAN_ANY })).toMatchObject({ ok: true });
    expect(senders).toEqual(['tar', 'rsync']);
    expect(await compared(transport, seal)).toEqual(EXACT);
    const staged = (job: string): string => `${bench.there}/.longhaul-incoming/${job}/tree`;
    expect(await inventory(staged('job-1'))).toBe(await inventory(staged('job-2')));
    expect(await publish(transport, seal)).toEqual({ kind: 'published' });
  });

  it('leaves to rsync what is there already, what has holes or several names, and a next generation', async () => {
    await using bench = await SshBench.open();
    const { runner, senders } = watchedRunner();
    const transport = bench.transport({ runner });
    const plain = await bench.sealed([{ path: 'f', file: 'one' }]);
    await push(transport, plain);
    await push(transport, plain, { epoch: 2 });
    await publish(transport, plain, { epoch: 2 });
    const changed = await bench.sealed([{ path: 'f', file: 'two' }]);
    await push(transport, changed, { jobId: 'job-2', generation: 2 });
    expect(senders).toEqual(['tar', 'rsync', 'rsync']);
    writeTree(bench.dir.join('linked'), [{ path: 'f', file: 'x' }]);
    await runProgram('ln', [bench.dir.join('linked/f'), bench.dir.join('linked/g')]);
    await push(transport, await bench.seal('linked'), { jobId: 'job-3', finalName: 'linked' });
    writeTree(bench.dir.join('sparse'), []);
    await runProgram('truncate', ['-s', '1M', bench.dir.join('sparse/f')]);
    await push(transport, await bench.seal('sparse'), { jobId: 'job-4', finalName: 'sparse' });
    expect(senders.slice(3)).toEqual(['rsync', 'rsync']);
  });

  it.each([
    { what: 'would lose rights, as below a default ACL', prelude: 'umask() { command umask 027; }' },
    { what: 'would get the group of the folder, as on a mount with grpid', prelude: 'mkdir() { command mkdir "$@" && for m do :; done && chgrp 12345 "$m"; }' },
  ])('leaves to rsync what $what', async ({ prelude }) => {
    await using bench = await SshBench.open();
    const { runner, senders } = watchedRunner();
    const transport = bench.transport({ runner, scriptPrelude: () => `${prelude}\n` });
    expect(await push(transport, await bench.sealed([{ path: 'f', file: 'one' }]))).toMatchObject({ ok: true });
    expect(senders).toEqual(['rsync']);
  });

  it('is ended at once where a tar complains, and rsync says what is wrong', async () => {
    await using bench = await SshBench.open();
    const { runner, senders } = watchedRunner();
    const seal = await bench.sealed([{ path: 'a', file: 'a' }, { path: 'gone', file: 'b' }]);
    rmSync(bench.dir.join('results/gone'));
    expect(await push(bench.transport({ runner }), seal)).toMatchObject({ ok: false, errorKind: 'local_file_vanished', stderr: expect.stringContaining('gone') as string });
    expect(senders).toEqual(['tar', 'rsync']);
    expect(existsSync(`${bench.there}/.longhaul-incoming/job-1/tree/a`)).toBe(true);
  });

  it('is interrupted where it is called off, and gone on with by rsync', async () => {
    await using bench = await SshBench.open();
    const { runner, senders } = watchedRunner();
    const transport = bench.transport({ runner });
    writeRandomFile(bench.dir.join('results/big'), 64 << 20);
    const seal = await bench.seal();
    const abort = new AbortController();
    const begun: number[] = [];
    const onProcess = ({ pid }: { readonly pid: number }): void => { begun.push(pid); abort.abort(); };
    expect(await push(transport, seal, { signal: abort.signal, onProcess })).toMatchObject({ ok: false, errorKind: 'interrupted' });
    expect(begun).toHaveLength(1);
    expect(await push(transport, seal, { epoch: 2 })).toMatchObject({ ok: true });
    expect(senders).toEqual(['tar', 'rsync']);
    expect(await compared(transport, seal, { epoch: 2 })).toEqual(EXACT);
  });

  it('does not listen to options for tar that somebody has set for themselves', async () => {
    await using bench = await SshBench.open({ config: ['SetEnv TAR_OPTIONS=--exclude=*'] });
    const { runner, senders } = watchedRunner();
    const transport = bench.transport({ runner });
    const seal = await bench.sealed([{ path: 'a', file: 'a' }]);
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    expect(senders).toEqual(['tar']);
    expect(await compared(transport, seal)).toEqual(EXACT);
  });
});

describe.runIf(requireService('rsync'))('a listing', () => {
  const entry = { mode: 0o777, mtimeNs: 0n, ctimeNs: 0n, dev: 1n, ino: 1n } as const;
  const facts = parseFacts(['/usr/bin/rsync', '/usr/bin/rsync', '2', 'yes', 'exact', '2', '1', '', 'gnu', '0', 'root', 'root', '0']);
  const tools = new LocalTools(systemRunner());
  const links = (count: number, target: string): SealListing['entries'] => Array.from({ length: count }, (_, index) => ({ type: 'symlink', ...entry, path: `l${String(index)}` as RawPath, target: target as RawPath }));

  it.each([
    { count: 1_000, target: '../x', streams: true },
    { count: 1_001, target: '../x', streams: false },
    { count: 1_001, target: '/x', streams: false },
    { count: 5_000, target: 'x..', streams: true },
  ])('of $count symlinks to $target goes as a stream: $streams', async ({ count, target, streams }) => {
    const listing = { source: { kind: 'directory', root: '/s' as RawPath, name: 's' as RawPath, dev: 1n }, totals: { files: 0, directories: 0, symlinks: count, bytes: 0 }, findings: [], groups: [0], entries: links(count, target) } as const;
    expect(await isStreamable({ listing, placement: { jobId: 'j', epoch: 1, hostId: 'h', finalName: 'f' as RawPath } }, { facts, tools })).toBe(streams);
  });
});
