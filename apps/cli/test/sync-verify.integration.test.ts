import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runToEnd, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { SyncWorld } from './sync-world.ts';
import { checkSums, DESTINATION_TYPES, receiptOf, sshdForFile, syncWorld } from './sync-world.ts';

const sshd = sshdForFile();

/** One bit of one byte; size and mtime stay. */
function flip(file: string): void {
  const { atime, mtime } = statSync(file);
  const content = readFileSync(file);
  content[Math.floor(content.length / 2)]! ^= 1;
  writeFileSync(file, content);
  utimesSync(file, atime, mtime);
}

/** A job of three files that is VERIFIED; its id. */
async function published(world: SyncWorld, source = 'results', to = 'dest'): Promise<string> {
  for (const name of ['a', 'b', 'deep/c']) world.write(`${source}/${name}`, `content of ${name}`);
  const { id } = await world.enqueue(source, { to });
  await drained(world, id);
  return id;
}

/** In the test's own process: what the worker does is shown elsewhere. */
async function drained({ sync }: SyncWorld, id: string): Promise<void> {
  await sync.work({ until: 'idle', signal: new AbortController().signal });
  expect(await sync.queue.get(id)).toMatchObject({ state: 'VERIFIED', lastError: null });
}

const verify = async (world: SyncWorld, ...args: string[]): ReturnType<SyncWorld['longhaul']> => await world.longhaul(['sync', 'verify', '--no-worker', ...args]);
const receipts = async (world: SyncWorld, ...args: string[]): ReturnType<SyncWorld['longhaul']> => await world.longhaul(['sync', 'receipts', 'check', ...args]);

describe.each(DESTINATION_TYPES)('sync verify at %s', (type) => {
  it('proves what is whole, finds what was changed or removed, and the next worker mends it', async () => {
    const world = await syncWorld({ type, sshd });
    const id = await published(world);
    const result = path.join(world.place, 'results');
    expect(await verify(world, id)).toMatchObject({ code: 0, stdout: expect.stringMatching(/results at dest {2}proven: 3 files, .* by sha256\n$/) as string });
    expect(await world.sync.queue.proofs(id)).toMatchObject([{ occasion: 'publish' }, { occasion: 'verify', strength: 'sha256' }]);
    flip(path.join(result, 'deep/c'));
    rmSync(path.join(result, 'a'));
    const found = await verify(world, '--to', 'dest', '--json');
    expect(found.code).toBe(6);
    const [line] = found.stdout.split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({ type: 'verified', jobId: id, outcome: { kind: 'damaged', evidence: 'different: deep/c; missing: a', repair: { kind: 'requeue' } } });
    await drained(world, id);
    await checkSums(result);
    expect((await world.sync.queue.proofs(id)).map(({ voidedAt }) => voidedAt === null)).toEqual([false, false, true]);
    expect(await verify(world, '--all')).toMatchObject({ code: 0 });
  });

  it('takes a destination that does not answer for neither damaged nor proven, although it is damaged', async () => {
    const world = await syncWorld({ type, sshd });
    const id = await published(world);
    flip(path.join(world.place, 'results/b'));
    const away = `${world.place}.away`;
    renameSync(world.place, away);
    expect(await verify(world, '--all')).toMatchObject({ code: 5, stdout: expect.stringContaining('unknown: ') as string });
    // As where a disk is not mounted: the folder is there, and nothing of ours in it.
    mkdirSync(world.place);
    expect(await verify(world, '--all')).toMatchObject({ code: 5, stdout: expect.stringContaining('is its disk or share mounted') as string });
    const [job, proofs] = await Promise.all([world.sync.queue.get(id), world.sync.queue.proofs(id)]);
    expect([job.state, job.damage, proofs.length]).toEqual(['VERIFIED', null, 1]);
    rmSync(world.place, { recursive: true });
    renameSync(away, world.place);
    expect(await verify(world, id)).toMatchObject({ code: 6 });
  });
});

describe('the rolling audit', () => {
  it.runIf(DESTINATION_TYPES.includes('rsync_ssh'))('finds one flipped byte in 20,000 files over ssh by itself, and mends it', async () => {
    // In memory where that can be: what is shown here is no matter of the disk, and each of its syncs waits for all others.
    const place = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lh-audit-'));
    onTestFinished(async () => {
      await runToEnd('rm', ['-rf', place]);
    });
    const world = await syncWorld({ type: 'rsync_ssh', sshd, place });
    for (let folder = 0; folder < 20; folder += 1) {
      mkdirSync(path.join(world.project, 'many', String(folder)), { recursive: true });
      for (let file = 0; file < 1000; file += 1) writeFileSync(path.join(world.project, 'many', String(folder), `${file}.txt`), `content ${folder * 1000 + file}`);
    }
    const { id } = await world.enqueue('many');
    await drained(world, id);
    const file = path.join(world.place, 'many/13/777.txt');
    flip(file);
    const worker = world.work({ LONGHAUL_AUDIT_EVERY: '1s' });
    const seen = await waitFor(async () => {
      const history = await world.sync.queue.history(id);
      const found = history.findIndex(({ reason }) => reason === 'the audit found damage');
      return found !== -1 && history.slice(found).some(({ to, from }) => to === 'VERIFIED' && from === 'AWAITING_VERIFY') && history[found];
    }, { deadline: 150_000, what: 'damage found and mended' });
    worker.process.kill('SIGTERM');
    await worker.ended;
    expect(seen.evidence).toBe('different: 13/777.txt');
    expect(readFileSync(file, 'utf8')).toBe('content 13777');
    const proofs = await world.sync.queue.proofs(id);
    expect(proofs[0]).toMatchObject({ occasion: 'publish', files: 20_000, voidedAt: expect.any(String) as string });
    expect(proofs.filter(({ voidedAt }) => voidedAt === null)[0]).toMatchObject({ occasion: 'publish', strength: 'sha256', files: 20_000 });
    await runToEnd('rm', ['-rf', path.join(world.project, 'many')]);
  });
});

describe('sync verify', () => {
  it.each(DESTINATION_TYPES)('mends a result at %s with the copy of another destination when the local one is gone', async (type) => {
    const other = DESTINATION_TYPES.find((candidate) => candidate !== type) ?? 'local';
    const world = await syncWorld({ type, sshd, also: [other] });
    const id = await published(world);
    await drained(world, (await world.enqueue('results', { to: other })).id);
    flip(path.join(world.place, 'results/deep/c'));
    rmSync(path.join(world.project, 'results'), { recursive: true });
    expect(await verify(world, id)).toMatchObject({ code: 6, stdout: expect.stringContaining(`mended with the copy of ${other}, and proven`) as string });
    await checkSums(path.join(world.place, 'results'));
    expect(await verify(world, '--all')).toMatchObject({ code: 0 });
    expect(await receipts(world)).toMatchObject({ code: 0 });
    expect(readdirSync(path.join(world.stateDir, 'repair'))).toEqual([]);
  });

  it('sends nothing where the local copy changed and another cannot be fetched, names the command that brings it back, and that command works', async () => {
    const world = await syncWorld({ type: 'local', also: ['local'] });
    writeFileSync(path.join(world.stateDir, 'repair'), 'no folder');
    const id = await published(world);
    const { id: other } = await world.enqueue('results', { to: 'local' });
    await drained(world, other);
    flip(path.join(world.place, 'results/a'));
    world.write('results/b', 'edited since');
    const { code, stdout } = await verify(world, id);
    const command = /To bring it back: (cp .*); then: longhaul sync verify (\w+)/.exec(stdout);
    expect([code, command?.[2]]).toEqual([6, id]);
    expect(await world.sync.queue.get(id)).toMatchObject({ state: 'VERIFIED', damage: 'different: a' });
    expect((await world.longhaul(['sync', 'show', id])).stdout).toMatch(/damage +different: a\n[^]*void: damage was found/);
    await runToEnd('sh', ['-c', command?.[1] ?? 'false']);
    expect(await verify(world, id)).toMatchObject({ code: 6, stdout: expect.stringContaining('it is sent again') as string });
    await drained(world, id);
    await checkSums(path.join(world.place, 'results'));
    expect(await verify(world, '--all')).toMatchObject({ code: 0 });
  });

  it('says what it can do with which words, and what is not published yet', async () => {
    const world = await syncWorld({ type: 'local' });
    expect(await verify(world)).toMatchObject({ code: 2 });
    expect(await verify(world, 'X', '--all')).toMatchObject({ code: 2 });
    expect(await verify(world, '01ZZZZZZ')).toMatchObject({ code: 3 });
    expect(await verify(world, '--all')).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing is published yet') as string });
    world.write('waiting/a', 'a');
    const { id } = await world.enqueue('waiting');
    expect(await verify(world, id)).toMatchObject({ code: 4, stdout: expect.stringContaining('nothing is published yet: the job is QUEUED') as string });
  });
});

describe('sync receipts check', () => {
  it.each(DESTINATION_TYPES)('walks the chain at %s, and names the result whose receipt was replaced or whose link is gone', async (type) => {
    const world = await syncWorld({ type, sshd });
    await published(world, 'first');
    await published(world, 'second');
    expect(receiptOf(path.join(world.place, 'second')).chain).toMatchObject({ sequence: 2, finalName: 'second' });
    expect(await receipts(world)).toMatchObject({ code: 0, stdout: 'dest  whole  (2 links, 2 results in place)\n' });
    const receipt = path.join(world.place, 'first/.longhaul/longhaul.json');
    const text = readFileSync(receipt, 'utf8');
    writeFileSync(receipt, text.replace('"files": 3', '"files": 2'));
    expect(await receipts(world, 'dest')).toMatchObject({ code: 6, stdout: expect.stringMatching(/changed {2}the receipt of first was changed or replaced/) as string });
    writeFileSync(receipt, text);
    rmSync(path.join(world.place, '.longhaul-receipts/000000000001'), { recursive: true });
    const gap = await receipts(world, '--json');
    expect(gap.code).toBe(6);
    expect(JSON.parse(gap.stdout)).toMatchObject({ data: { destinations: [{ report: { faults: [{ kind: 'gap', result: 'second' }, { kind: 'changed', result: 'first' }] } }] } });
    renameSync(world.place, `${world.place}.away`);
    expect(await receipts(world)).toMatchObject({ code: 5, stdout: expect.stringContaining('unknown: ') as string });
  });
});
