import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { requireService, runToEnd, writeTree } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Transport } from '../src/index.ts';
import { LocalTransport } from '../src/index.ts';
import { compared, EXACT, placement, publish, push, SshBench } from './ssh-setup.ts';

const NEXT = { jobId: 'job-2', generation: 2 };

async function mountInto(folder: string, place: string): Promise<void> {
  mkdirSync(place, { recursive: true });
  expect((await runToEnd('mount', ['--bind', folder, place])).code).toBe(0);
}

/** Wherever it is seen by then. */
async function unmountBelow(root: string): Promise<void> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' ')).filter((point) => point.startsWith(`${root}/`));
  for (const point of points) await runToEnd('umount', ['-l', point]);
}

async function deliver(transport: Transport, bench: SshBench, job = {}): Promise<unknown> {
  const seal = await bench.seal();
  expect(await push(transport, seal, job)).toMatchObject({ ok: true });
  return publish(transport, seal, job);
}

const kept = (bench: SshBench): string | undefined => readdirSync(bench.there).find((name) => name.startsWith('results.kept-'));

describe.runIf(requireService('sshd', 'rsync'))('an earlier result that is replaced', () => {
  it.each(['local', 'rsync_ssh'])('is deleted without following a link that somebody has put into it (%s)', async (kind) => {
    await using bench = await SshBench.open();
    await using local = new LocalTransport({ path: bench.there });
    const transport = kind === 'local' ? local : bench.transport();
    writeTree(bench.dir.join('results'), [{ path: 'deep/b', file: 'b' }, { path: 'moved/c', file: 'c' }]);
    await deliver(transport, bench);
    // Somebody has moved a folder to another disk and left a link: the same names lie behind it.
    renameSync(`${bench.there}/results/moved`, bench.dir.join('archive'));
    symlinkSync(bench.dir.join('archive'), `${bench.there}/results/moved`);
    writeTree(bench.dir.join('results'), [{ path: 'deep/b', file: 'b2' }]);
    expect(await deliver(transport, bench, NEXT)).toMatchObject({ kind: 'published', leftover: expect.stringContaining('.kept-') as string });
    expect(readFileSync(bench.dir.join('archive/c'), 'utf8')).toBe('c');
    expect(readdirSync(`${bench.there}/${kept(bench) ?? ''}`)).toEqual(['moved']);
  });

  it.each(['local', 'rsync_ssh'])('keeps a link that somebody has led elsewhere, and no other (%s)', async (kind) => {
    await using bench = await SshBench.open();
    await using local = new LocalTransport({ path: bench.there });
    const transport = kind === 'local' ? local : bench.transport();
    const links = ['latest', 'odd  (1)', 'new\nline'];
    writeTree(bench.dir.join('results'), [{ path: 'a', file: 'a' }, ...links.flatMap((path) => [{ path, symlink: 'a' }, { path: `${path} too`, symlink: 'a' }])]);
    await deliver(transport, bench);
    for (const path of links) {
      unlinkSync(`${bench.there}/results/${path}`);
      symlinkSync(`/else\n${path}`, `${bench.there}/results/${path}`);
    }
    writeTree(bench.dir.join('results'), [{ path: 'a', file: 'second' }]);
    expect(await deliver(transport, bench, NEXT)).toMatchObject({ kind: 'published', leftover: expect.stringContaining('.kept-') as string });
    expect(readdirSync(`${bench.there}/${kept(bench) ?? ''}`).sort()).toEqual([...links].sort());
  });

  it.runIf(process.getuid?.() === 0).each(['local', 'rsync_ssh'])('keeps what is mounted into it, on the same file system, too (%s)', async (kind) => {
    await using bench = await SshBench.open();
    await using local = new LocalTransport({ path: bench.there });
    const transport = kind === 'local' ? local : bench.transport();
    writeTree(bench.dir.join('results'), [{ path: 'deep/b', file: 'b' }]);
    writeTree(bench.dir.join('elsewhere'), [{ path: 'b', file: 'of another' }]);
    await deliver(transport, bench);
    onTestFinished(async () => unmountBelow(bench.dir.path));
    await mountInto(bench.dir.join('elsewhere'), `${bench.there}/results/deep`);
    writeFileSync(bench.dir.join('results/deep/b'), 'second');
    expect(await deliver(transport, bench, NEXT)).toMatchObject({ kind: 'published', leftover: expect.stringContaining('.kept-') as string });
    expect(readFileSync(bench.dir.join('elsewhere/b'), 'utf8')).toBe('of another');
    expect(existsSync(`${bench.there}/${kept(bench) ?? ''}/deep/b`)).toBe(true);
    expect(readFileSync(`${bench.there}/results/deep/b`, 'utf8')).toBe('second');
    await unmountBelow(bench.dir.path);
  });
});

it.runIf(process.getuid?.() === 0 && requireService('sshd', 'rsync'))('a result that something is mounted into proves nothing over ssh: it may be the source', async () => {
  await using bench = await SshBench.open();
  const transport = bench.transport();
  const seal = await bench.sealed([{ path: 'of two words/b', file: 'b' }]);
  await push(transport, seal, { finalName: 'a b' });
  await publish(transport, seal, { finalName: 'a b' });
  onTestFinished(async () => unmountBelow(bench.dir.path));
  expect(await compared(transport, seal, { finalName: 'a b', where: 'final' })).toEqual(EXACT);
  await mountInto(bench.dir.join('results/of two words'), `${bench.there}/a b/of two words`);
  await expect(compared(transport, seal, { finalName: 'a b', where: 'final' })).rejects.toMatchObject({ errorKind: 'config', message: expect.stringContaining('mounted at') as string });
  await unmountBelow(bench.dir.path);
});

it.runIf(process.getuid?.() === 0)('a bind mount of a folder of the source is no destination for it, and neither is one of what lies around it', async () => {
  await using bench = await SshBench.open();
  const seal = await bench.sealed([{ path: 'deep/b', file: 'b' }]);
  onTestFinished(async () => unmountBelow(bench.dir.path));
  for (const folder of [bench.dir.join('results/deep'), bench.dir.path]) {
    await mountInto(folder, bench.there);
    await using transport = new LocalTransport({ path: bench.there });
    expect(await push(transport, seal)).toMatchObject({ ok: false, errorKind: 'config', evidence: expect.stringContaining('no second copy') as string });
    await unmountBelow(bench.dir.path);
  }
});

it.runIf(process.getuid?.() === 0)('staging that something is mounted into is given up without emptying that', async () => {
  await using bench = await SshBench.open();
  await using transport = new LocalTransport({ path: bench.there });
  writeTree(bench.dir.join('elsewhere'), [{ path: 'b', file: 'of another' }]);
  const seal = await bench.sealed([{ path: 'a', file: 'a' }]);
  await push(transport, seal);
  onTestFinished(async () => unmountBelow(bench.dir.path));
  await mountInto(bench.dir.join('elsewhere'), `${bench.there}/.longhaul-incoming/job-1/tree/mnt`);
  await expect(transport.remove({ placement: placement() })).rejects.toThrow(/mounted/);
  expect(readFileSync(bench.dir.join('elsewhere/b'), 'utf8')).toBe('of another');
  await unmountBelow(bench.dir.path);
});
