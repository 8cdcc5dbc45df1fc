import { execFileSync } from 'node:child_process';
import { link, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { JournalFolder, systemClock } from '@longhaul/sync-queue';
import { parseReceipt } from '@longhaul/sync-transports';
import { requireService, smallDisk } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { at } from './reclaim/at-step.ts';
import { FILES, filesBelow, HOUR, kinds, POLICY, ReclaimBench } from './reclaim/reclaim-bench.ts';
import { replaced } from './world/world.ts';

// Every publish waits for the disk, and a disk that others write to makes it wait long.
vi.setConfig({ testTimeout: 180_000 });

const ALL = [...Object.keys(FILES), 'not-utf8-\xff'].sort();

describe('what a reclaim frees', () => {
  it('is every sealed file, proven twice and once more; what was not sealed, and the receipts, stay', async () => {
    const bench = await ReclaimBench.open();
    await symlink('a.bin', `${bench.source}/link`);
    const job = await bench.ripe(['nas', 'disk']);
    await bench.write({ 'later.bin': 'made after the seal', 'deep/later.bin': 'this too' });
    const plan = await bench.reaper().plan({ sourceId: job.sourceId, askedBy: 'person' });
    expect(plan).toMatchObject({ blockers: [], bytes: 27, extra: ['later.bin', 'deep/later.bin'] });
    expect(plan?.files.map(({ path }) => path).sort()).toEqual(ALL);
    expect(bench.left()).toHaveLength(8);

    expect(await bench.reclaim(job)).toMatchObject({ kind: 'done', files: 5, folders: 2 });

    expect(bench.left()).toEqual(['deep/later.bin', 'later.bin', 'link']);
    expect([bench.exists('source/empty'), bench.exists('source/deep/er'), bench.exists('source/deep')]).toEqual([false, false, true]);
    for (const { id } of (await bench.store.list()).jobs) {
      expect((await bench.job(id)).state).toBe('CLEANED');
      expect((await bench.queue.proofs(id)).map(({ occasion }) => occasion)).toEqual(['publish', 'verify', 'reclaim']);
    }
    const receipt = parseReceipt(await readFile(`${bench.source}/.longhaul/longhaul.json`));
    expect(receipt).toMatchObject({ kind: 'receipt', receipt: { sealDigest: plan?.sealDigest } });
    const proofs = JSON.parse(await readFile(`${bench.source}/.longhaul/proofs.json`, 'utf8')) as { readonly destinations: readonly unknown[] };
    expect(proofs.destinations).toMatchObject([{ destination: 'disk', finalName: 'out/results' }, { destination: 'nas', proofs: [{ occasion: 'publish' }, { occasion: 'verify' }, { occasion: 'reclaim' }] }]);
    const [journal] = filesBelow(`${bench.root}/journals`);
    expect(await readFile(`${bench.root}/journals/${journal!}`, 'latin1')).toContain('"name%20with%0Anewline","removed"');
    // Nothing is lost: every byte is where it was proven to be.
    expect(filesBelow(`${bench.root}/nas/out/results`).filter((path) => ALL.includes(path))).toEqual(ALL);
  });

  it('leaves no receipts where the configuration does not want them', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    expect(await bench.reclaim(job, { reclaim: { ...POLICY, metadata: 'drop' } })).toMatchObject({ kind: 'done' });
    expect(filesBelow(bench.source)).toEqual([]);
  });

  it('is the one file of a source that is a file, and nothing beside it', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe(['nas'], `${bench.source}/a.bin`);
    expect(await bench.reclaim(job)).toMatchObject({ kind: 'done', files: 1, folders: 0 });
    expect(bench.left()).toEqual(['a.bin.longhaul/checksums.sha256', 'a.bin.longhaul/inventory.jsonl', 'a.bin.longhaul/longhaul.json', 'a.bin.longhaul/proofs.json', ...ALL.slice(1)]);
  });

  it('is each name of a hard link; its bytes count when the last one goes', async () => {
    const bench = await ReclaimBench.open();
    await link(`${bench.source}/a.bin`, `${bench.source}/deep/same.bin`);
    await link(`${bench.source}/deep/b.bin`, `${bench.root}/outside.bin`);
    const job = await bench.ripe();
    const result = await bench.reclaim(job);
    expect(result).toMatchObject({ kind: 'done', files: 6 });
    expect(bench.left()).toEqual([]);
    expect(await readFile(`${bench.root}/outside.bin`, 'utf8')).toBe('second');
    const { blocks } = await stat(`${bench.root}/outside.bin`);
    // a.bin once, c.bin, the two odd names; b.bin still has a name elsewhere.
    expect('bytes' in result ? result.bytes : 0).toBe(4 * blocks * 512);
  });

  it('goes through every stat that moved without the content: chmod, and a file that was copied back', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await rm(`${bench.source}/a.bin`);
    await bench.write({ 'a.bin': 'first' });
    execFileSync('chmod', ['600', `${bench.source}/deep/b.bin`]);
    expect(await bench.reclaim(job)).toMatchObject({ kind: 'done', files: 5 });
  });
});

describe('a reclaim deletes nothing', () => {
  it('that a condition forbids', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const byItself = { ask: { askedBy: 'reaper' } } as const;
    const forbidden: readonly (readonly [string, Parameters<ReclaimBench['reclaim']>[1]])[] = [
      ['off', { reclaim: { ...POLICY, reclaim: 'off' } }],
      ['only_asked', { reclaim: { ...POLICY, when: 'asked' }, ...byItself }],
      ['disk_has_room', { reclaim: { ...POLICY, diskFreeBelow: 1 }, ...byItself }],
      ['too_few_proofs', { reclaim: { ...POLICY, minVerifyPasses: 3 } }],
      ['too_few_proofs', { reclaim: { ...POLICY, occasionMs: 2 * HOUR } }],
      ['too_young', { reclaim: { ...POLICY, minAgeMs: 26 * HOUR } }],
      ['too_young', { rules: async () => Promise.resolve({ minAgeMs: 26 * HOUR }) }],
      ['never_by_rule', { rules: async () => Promise.resolve({ reclaim: 'never' }) }],
      ['source_busy', { sourceBusy: async () => Promise.resolve('session train runs') }],
    ];
    for (const [blocker, changes] of forbidden) expect(kinds(await bench.reclaim(job, changes))).toEqual([blocker]);
    await bench.store.pauseDestination('nas');
    expect(kinds(await bench.reclaim(job))).toEqual(['paused']);
    expect(bench.left()).toEqual(ALL);
    expect((await bench.job(job.id)).state).toBe('VERIFIED');
  });

  it('that was changed, with its time set back', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const { atime, mtime } = await stat(`${bench.source}/deep/b.bin`);
    await bench.write({ 'deep/b.bin': 'sEcond' });
    await utimes(`${bench.source}/deep/b.bin`, atime, mtime);
    expect(kinds(await bench.reclaim(job))).toEqual(['changed']);
    expect(bench.left()).toEqual(ALL);
  });

  it('that is changed, with its time set back, when everything was checked already', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const { atime, mtime } = await stat(`${bench.source}/deep/b.bin`);
    const result = await bench.reclaim(job, {
      ...at('batch', async () => {
        await bench.write({ 'deep/b.bin': 'sEcond' });
        await utimes(`${bench.source}/deep/b.bin`, atime, mtime);
      }),
    });
    expect(kinds(result)).toEqual(['changed']);
    expect(await readFile(`${bench.source}/deep/b.bin`, 'utf8')).toBe('sEcond');
    expect((await bench.job(job.id)).state).toBe('VERIFIED');
  });

  it.each(['damaged', 'removed', 'replaced by another result'])('whose copy was %s a moment ago', async (how) => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const copy = `${bench.root}/nas/out/results`;
    const { atime, mtime } = await stat(`${copy}/a.bin`);
    const result = await bench.reclaim(job, {
      ...at('begun', async () => {
        if (how === 'damaged') {
          await writeFile(`${copy}/a.bin`, 'fIrst');
          await utimes(`${copy}/a.bin`, atime, mtime);
        } else if (how === 'removed') await rm(`${copy}/deep/b.bin`);
        else await rm(copy, { recursive: true });
      }),
    });
    expect(kinds(result)).toEqual(['check_failed']);
    expect(bench.left()).toEqual(ALL);
    expect((await bench.job(job.id)).damage).not.toBeNull();
  });

  it('when one of two destinations does not answer', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe(['nas', 'disk']);
    await rename(`${bench.root}/disk`, `${bench.root}/unplugged`);
    expect(kinds(await bench.reclaim(job))).toEqual(['no_answer']);
    expect(bench.left()).toEqual(ALL);
    expect((await bench.store.list({ states: ['VERIFIED'] })).jobs).toHaveLength(2);
    await rename(`${bench.root}/unplugged`, `${bench.root}/disk`);
    expect(await bench.reclaim(job)).toMatchObject({ kind: 'done' });
  });

  it('when a destination was taken out of the configuration, a job was cancelled, or a newer one failed there', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe(['nas', 'disk']);
    const disk = bench.transports.get('disk')!;
    bench.transports.delete('disk');
    expect(kinds(await bench.reclaim(job))).toEqual(['not_configured']);
    bench.transports.set('disk', disk);
    const [other] = (await bench.store.list({ destination: 'disk' })).jobs;
    await bench.store.cancel(other!.id);
    expect(kinds(await bench.reclaim(job))).toEqual(['not_there']);
    expect(bench.left()).toEqual(ALL);
    // Only by name, by a person, each time.
    expect(await bench.reclaim(job, { ask: { without: ['disk'] } })).toMatchObject({ kind: 'done' });
  });

  it('through a symlink that takes the place of a folder, in the source or above it', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await mkdir(`${bench.root}/elsewhere/er`, { recursive: true });
    await writeFile(`${bench.root}/elsewhere/b.bin`, 'second');
    await writeFile(`${bench.root}/elsewhere/er/c.bin`, 'third');
    const result = await bench.reclaim(job, { ...at('batch', async () => bench.linkAway('deep', `${bench.root}/elsewhere`)) });
    expect(kinds(result)).toEqual(['source_moved']);
    expect(filesBelow(`${bench.root}/elsewhere`)).toEqual(['b.bin', 'er/c.bin']);

    const second = await ReclaimBench.open();
    const ripe = await second.ripe();
    const moved = await second.reclaim(ripe, {
      ...at('batch', async () => {
        await rename(second.source, `${second.root}/moved`);
        await symlink(`${second.root}/moved`, second.source);
      }),
    });
    expect(kinds(moved)).toEqual(['source_moved']);
    expect(filesBelow(`${second.root}/moved`).filter((path) => !path.startsWith('.longhaul/'))).toEqual(ALL);
    expect(kinds(await second.reclaim(ripe))).toEqual(['source_moved']);
  });

  it('in a folder that is moved out of the source while it is held', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    let removed = 0;
    const result = await bench.reclaim(job, {
      afterStep: async (step) => {
        if (step === 'removed' && (removed += 1) === 4) await rename(`${bench.source}/deep`, `${bench.root}/taken`);
      },
    });
    expect(kinds(result)).toEqual(['source_moved']);
    expect(filesBelow(`${bench.root}/taken`)).toEqual(['er/c.bin']);
  });

  it('that another process puts in the place of what was sealed', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const result = await bench.reclaim(job, {
      ...at('batch', async () => {
        await rm(`${bench.source}/a.bin`);
        await mkdir(`${bench.source}/a.bin`);
        await writeFile(`${bench.source}/a.bin/inside`, 'new');
      }),
    });
    expect(kinds(result)).toEqual(['changed']);
    expect(await readFile(`${bench.source}/a.bin/inside`, 'utf8')).toBe('new');
  });

  it('while a newer content of it, or a source that overlaps it, is on its way', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const inner = await bench.queue.enqueue({ source: `${bench.source}/deep`, destination: 'nas' });
    expect(kinds(await bench.reclaim(job))).toEqual(['overlap']);
    await bench.store.cancel(inner.job.id);
    await bench.queue.enqueue({ source: bench.source, destination: 'disk' });
    expect(kinds(await bench.reclaim(job))).toEqual(['on_its_way']);
    expect(bench.left()).toEqual(ALL);
  });

  it('when its job is cancelled in the middle', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const result = await bench.reclaim(job, { ...at('journal', async () => { await bench.store.cancel(job.id); }) });
    expect(kinds(result)).toEqual(['check_failed']);
    expect(bench.left()).toEqual(ALL);
    expect((await bench.job(job.id)).state).toBe('CANCELLED');
  });

  it('more, when the source is sent anew in the middle', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const result = await bench.reclaim(job, { timing: { batch: 2 }, ...at('noted', async () => { await bench.queue.enqueue({ source: bench.source, destination: 'disk' }); }) });
    expect(result).toMatchObject({ kind: 'stopped', files: 2 });
    expect(bench.left()).toHaveLength(3);
    expect((await bench.job(job.id)).state).toBe('VERIFIED');
  });

  it('more on a proof that has grown old meanwhile: every destination is asked again', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    let later = 0;
    const { clock = systemClock } = bench.ports();
    const result = await bench.reclaim(job, {
      timing: { batch: 2 },
      clock: { ...clock, monotonic: () => clock.monotonic() + later },
      ...at('noted', async () => {
        later = HOUR;
        await rm(`${bench.root}/nas/out/results/deep/b.bin`);
      }),
    });
    expect(result).toMatchObject({ kind: 'stopped', files: 2 });
    expect(kinds(result)).toEqual(['check_failed']);
    expect(bench.left()).toContain('deep/b.bin');
  });

  it('where somebody else has a folder called .longhaul', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await mkdir(`${bench.source}/.longhaul`);
    await writeFile(`${bench.source}/.longhaul/mine`, 'x');
    expect(kinds(await bench.reclaim(job))).toEqual(['foreign_metadata']);
    expect(bench.left()).toEqual(ALL);
  });
});

describe.runIf(requireService('root'))('with disks of its own', () => {
  it('deletes nothing when the journal cannot be written', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const disk = await smallDisk({ bytes: 64 << 10 });
    onTestFinished(async () => disk[Symbol.asyncDispose]());
    await writeFile(`${disk.path}/full`, Buffer.alloc(64 << 10)).catch(() => undefined);
    expect(kinds(await bench.reclaim(job, { journals: new JournalFolder({ directory: disk.path }) }))).toEqual(['cannot_write']);
    expect(bench.left()).toEqual(ALL);
    expect((await bench.job(job.id)).state).toBe('VERIFIED');
    await rm(`${disk.path}/full`);
    expect(await bench.reclaim(job, { journals: new JournalFolder({ directory: disk.path }) })).toMatchObject({ kind: 'done' });
  });

  it('deletes nothing at a destination that shows the source itself', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const result = `${bench.root}/nas/out/results`;
    // Whoever brings a result back by a mount: from now on both names are one folder.
    await rm(bench.source, { recursive: true });
    await rename(result, bench.source);
    await mkdir(result);
    execFileSync('mount', ['--bind', bench.source, result]);
    onTestFinished(() => void execFileSync('umount', ['-l', result]));
    expect(kinds(await bench.reclaim(job))).toEqual(['no_answer']);
    expect(bench.left()).toEqual(ALL);
    // Seen over a network, only its receipt gives it away.
    bench.transports.set('nas', replaced(bench.transports.get('nas')!, { assertApart: () => Promise.resolve() }));
    expect(kinds(await bench.reclaim(job))).toEqual(['same_place']);
    expect(bench.left()).toEqual(ALL);
    expect(parseReceipt(await readFile(`${result}/.longhaul/longhaul.json`)).kind).toBe('receipt');
  });

  it('deletes nothing in what is mounted into the source, with the same device or another', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await mkdir(`${bench.root}/elsewhere/er`, { recursive: true });
    await writeFile(`${bench.root}/elsewhere/b.bin`, 'second');
    await writeFile(`${bench.root}/elsewhere/er/c.bin`, 'third');
    execFileSync('mount', ['--bind', `${bench.root}/elsewhere`, `${bench.source}/deep`]);
    onTestFinished(() => void execFileSync('umount', ['-l', `${bench.source}/deep`]));
    expect(kinds(await bench.reclaim(job))).toEqual(['changed']);
    expect(filesBelow(`${bench.root}/elsewhere`)).toEqual(['b.bin', 'er/c.bin']);
  });
});

describe('after a reclaim', () => {
  it('nothing takes the place of the only copy; under another name it may go', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await bench.reclaim(job);
    await bench.write({ 'next.bin': 'of the next run' });
    const next = await bench.push();
    expect(await bench.job(next.id)).toMatchObject({ state: 'FAILED', errorKind: 'config' });
    expect(await readFile(`${bench.root}/nas/out/results/a.bin`, 'utf8')).toBe('first');
    const { job: renamed } = await bench.queue.enqueue({ source: bench.source, destination: 'nas', finalNameTemplate: 'out/next' });
    await bench.store.cancel(next.id);
    await bench.push([]);
    expect((await bench.job(renamed.id)).state).toBe('VERIFIED');
  });

  it('what is left of one that stopped goes with the next', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    expect(kinds(await bench.reclaim(job, { ...at('batch', async () => bench.write({ 'name with\nnewline': 'fOurth' })) }))).toEqual(['changed']);
    expect(bench.left()).toEqual(ALL.slice(1));
    await bench.write({ 'name with\nnewline': 'fourth' });
    expect(await bench.reclaim(job)).toMatchObject({ kind: 'done', files: 4 });
    expect(bench.left()).toEqual([]);
  });
});

describe('a reaper', () => {
  it('sweeps: what may go goes, the rest is left alone, and off is off', async () => {
    const bench = await ReclaimBench.open();
    await mkdir(`${bench.root}/second`);
    await writeFile(`${bench.root}/second/x.bin`, 'x');
    const job = await bench.ripe();
    const young = (await bench.queue.enqueue({ source: `${bench.root}/second`, destination: 'nas' })).job;
    await bench.push([]);
    await bench.reaper({ reclaim: { ...POLICY, reclaim: 'off' } }).sweep();
    expect(bench.left()).toEqual(ALL);
    await bench.reaper().sweep();
    expect([(await bench.job(job.id)).state, (await bench.job(young.id)).state]).toEqual(['CLEANED', 'VERIFIED']);
    expect(filesBelow(`${bench.root}/second`)).toEqual(['x.bin']);
  });

  it('makes the proofs that are missing, each on an occasion of its own', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.push();
    const reaper = bench.reaper();
    const proofs = async (): Promise<number> => (await bench.queue.proofs(job.id)).length;
    await reaper.sweep();
    expect(await proofs()).toBe(1);
    bench.advance(HOUR + 1000);
    await reaper.sweep();
    expect(await proofs()).toBe(2);
    bench.advance(HOUR + 1000);
    await reaper.sweep();
    expect([await proofs(), bench.left()]).toEqual([2, ALL]);
    bench.advance(24 * HOUR);
    await reaper.sweep();
    expect([(await bench.job(job.id)).state, bench.left()]).toEqual(['CLEANED', []]);
  });

  it('is alone with a source: of two at the same time one begins', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const ask = { sourceId: job.sourceId, askedBy: 'person' } as const;
    const second = { host: 'alpha', bootId: 'b', pid: 2, processStartTime: '2' };
    const results = await Promise.all([bench.reaper().reclaim(ask), bench.reaper({}, second).reclaim(ask)]);
    expect(results.map((result) => result?.kind).sort()).toEqual(['blocked', 'done']);
    expect(bench.left()).toEqual([]);
  });

  it('that has lost its lease deletes nothing more', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const second = { host: 'alpha', bootId: 'b', pid: 2, processStartTime: '2' };
    const result = await bench.reclaim(job, {
      timing: { batch: 2 },
      ...at('noted', async () => {
        const [open] = await bench.store.openReclaims();
        await bench.store.takeOverReclaim({ lease: open!.lease, owner: second, leaseMs: 60_000, dead: [open!.owner] });
      }),
    });
    expect(result).toMatchObject({ kind: 'left', files: 2 });
    expect(bench.left()).toHaveLength(3);
    expect(await bench.reaper({}, { ...second, pid: 3 }).recover()).toMatchObject([{ kind: 'done', files: 5 }]);
    expect((await bench.job(job.id)).state).toBe('CLEANED');
  });
});
