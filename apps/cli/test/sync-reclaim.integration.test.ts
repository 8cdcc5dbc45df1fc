import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { DESTINATION_TYPES, sshdForFile, syncWorld } from './sync-world.ts';
import type { SyncWorld } from './sync-world.ts';

const sshd = sshdForFile();
const AT_ONCE = { enabled: true, automatic: false, minVerifyPasses: 1, minAge: '0s' };

/** `reclaim:` of the configuration from now on, for calls of the command line. */
function setReclaim(w: SyncWorld, reclaim: object): void {
  const file = path.join(w.project, 'longhaul.yaml');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...config, reclaim }));
}

async function sent(w: SyncWorld): Promise<string> {
  w.write('results/a.bin', 'aaaa');
  w.write('results/deep/b.bin', 'bb');
  const { id } = await w.enqueue('results');
  await w.sync.work({ until: 'idle', signal: AbortSignal.timeout(60_000) });
  return id;
}

function left(w: SyncWorld): readonly string[] {
  return readdirSync(path.join(w.project, 'results'), { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('.longhaul')).sort();
}

describe('sync reclaim', () => {
  it('looks only, unless it is told to delete, and asks before it does', async () => {
    const w = await syncWorld({ type: 'local' });
    await sent(w);
    setReclaim(w, AT_ONCE);
    w.write('results/later.bin', 'made after the seal');
    const look = await w.longhaul(['sync', 'reclaim', '--files']);
    expect(look).toMatchObject({ code: 0 });
    expect(look.stdout).toMatch(/results {2}2 files, 6 B could be freed\n {2}seal {2}sha256:[0-9a-f]{64}\n {2}dest: results {2}proven \S+ \(sha256, publish\)\n {2}stays anyway, not sealed: later\.bin\n/);
    expect(look.stdout).toMatch(/ {4}[0-9a-f]{64} +4 {2}a\.bin\n/);
    expect(look.stdout).toContain('Nothing was deleted: add --delete');
    const asked = await w.longhaul(['sync', 'reclaim', 'results', '--delete']);
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    expect(left(w)).toEqual(['a.bin', 'deep', 'deep/b.bin', 'later.bin']);
  });
});

describe.each(DESTINATION_TYPES)('sync reclaim of what was sent to %s', (type) => {
  it('asks every destination once more, deletes what was sealed, and leaves the receipts', async () => {
    const w = await syncWorld({ type, sshd });
    const id = await sent(w);
    setReclaim(w, AT_ONCE);
    w.write('results/later.bin', 'made after the seal');
    const freed = await w.longhaul(['sync', 'reclaim', 'results', '--yes', '--json']);
    expect(freed.code).toBe(0);
    expect(JSON.parse(freed.stdout)).toMatchObject({ data: { deleted: true, sources: [{ destinations: [{ destination: 'dest' }], result: { kind: 'done', files: 2, folders: 1 } }] } });
    expect(left(w)).toEqual(['later.bin']);
    expect(existsSync(path.join(w.project, 'results/.longhaul/proofs.json'))).toBe(true);
    expect((await w.sync.queue.get(id)).state).toBe('CLEANED');
    expect((await w.longhaul(['sync', 'list'])).stdout).toContain('freed here');
    expect(await w.sync.queue.proofs(id)).toMatchObject([{ occasion: 'publish' }, { occasion: 'reclaim' }]);
    expect(readFileSync(path.join(w.place, 'results/a.bin'), 'utf8')).toBe('aaaa');
  });

  it('deletes nothing whose copy was taken away a moment ago, and says so', async () => {
    const w = await syncWorld({ type, sshd });
    const id = await sent(w);
    setReclaim(w, AT_ONCE);
    rmSync(path.join(w.place, 'results/deep/b.bin'));
    const refused = await w.longhaul(['sync', 'reclaim', id, '--yes']);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toMatch(/nothing was deleted\n {2}- the last check at dest did not find what was sealed: missing: deep\/b\.bin\n/);
    expect(left(w)).toEqual(['a.bin', 'deep', 'deep/b.bin']);
    expect(await w.sync.queue.get(id)).toMatchObject({ state: 'VERIFIED', damage: 'missing: deep/b.bin' });
  });
});

describe('why', () => {
  it('says what still keeps the local files, with figures, times and what helps', async () => {
    const w = await syncWorld({ type: 'local' });
    const id = await sent(w);
    const off = await w.longhaul(['why', id]);
    expect(off.stdout).toContain('stay: reclaim is off');
    expect(off.stdout).toContain(`stay: dest has proven it once, and twice are needed\n  fix       longhaul sync verify ${id}\n`);
    setReclaim(w, { enabled: true, minVerifyPasses: 1 });
    const young = await w.longhaul(['why', id]);
    expect(young.stdout).toMatch(/stay: dest has proven it often enough since \S+; it may go from (\S+) on\n {2}next {6}\1\n/);
    setReclaim(w, AT_ONCE);
    const job = await w.longhaul(['why', id]);
    expect(job.stdout).toContain('stay: local files are only deleted when a person asks (reclaim.automatic is false)');
    const refused = await w.longhaul(['sync', 'reclaim', 'results', '--without', 'dest', '--yes']);
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('no destination is known to hold it')]);
    expect(left(w)).toEqual(['a.bin', 'deep', 'deep/b.bin']);
  });
});

describe('a worker', () => {
  it('frees by itself what may go, where the configuration wants it', async () => {
    const w = await syncWorld({ type: 'local' });
    const id = await sent(w);
    setReclaim(w, { ...AT_ONCE, automatic: true });
    const drained = await w.drain().ended;
    expect(drained.code).toBe(0);
    expect(left(w)).toEqual([]);
    expect((await w.sync.queue.get(id)).state).toBe('CLEANED');
  });
});
