import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { PushPreview } from '@longhaul/host';
import { describe, expect, it } from 'vitest';

import { DESTINATION_TYPES, sshdForFile, syncWorld } from './sync-world.ts';

const sshd = sshdForFile();

/** Every name below a folder with its size and times: the same before and after, nothing was changed. */
function snapshot(folder: string): readonly string[] {
  return ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })].map((name) => {
    const { size, mtimeMs, ctimeMs, mode } = lstatSync(path.join(folder, name));
    return [name, size, mtimeMs, ctimeMs, mode].join(' ');
  }).sort();
}

describe.each(DESTINATION_TYPES)('sync push --dry-run to %s', (type) => {
  it('says what would be sent and what is in the way, and changes nothing', async () => {
    const w = await syncWorld({ type, sshd });
    w.write('results/a', 'aaaa');
    w.write('results/b.tmp', 'b');
    const before = snapshot(w.place);
    const preview = await w.sync.preview({ source: path.join(w.project, 'results'), to: ['dest'], as: null, filter: { exclude: ['*.tmp'] } });
    expect(preview).toMatchObject({ totals: { files: 1, bytes: 4 }, hashed: { files: 0 }, leftOut: { files: 1 }, findings: [] });
    expect(preview.places).toMatchObject([{ destination: 'dest', finalName: 'results', kind: 'created', jobId: null, inPlace: 'nothing', problems: [], probe: { reachable: true } }]);
    expect(preview.places[0]?.probe.freeBytes).toBeGreaterThan(0);
    expect(snapshot(w.place)).toEqual(before);
    expect((await w.sync.queue.list()).jobs).toEqual([]);
    expect(w.host.destinations.ids()).toEqual([]);
  });
});

describe('sync push --dry-run', () => {
  it('tells a person, and tells an earlier generation, a conflict and a missing place from one another', async () => {
    const w = await syncWorld({ type: 'local' });
    for (const name of ['results', 'other']) w.write(`${name}/a`, 'aaaa');
    await w.enqueue('results');
    await w.sync.work({ until: 'idle', signal: AbortSignal.timeout(60_000) });
    w.write('results/more', 'm');
    mkdirSync(path.join(w.root, 'gone'));
    writeFileSync(path.join(w.project, 'longhaul.yaml'), JSON.stringify({ destinations: { dest: { type: 'local', path: w.place }, gone: { type: 'local', path: path.join(w.root, 'gone') } } }));
    rmSync(path.join(w.root, 'gone'), { recursive: true });
    const before = [snapshot(w.place), (await w.sync.queue.list()).jobs];

    const again = await w.longhaul(['sync', 'push', 'results', '--to', 'dest', '--dry-run']);
    expect(again).toMatchObject({ code: 0, stderr: 'nothing was changed (dry run)\n' });
    expect(again.stdout).toContain(`${path.join(w.project, 'results')}: 2 files, 5 B`);
    expect(again.stdout).toMatch(/would be queued as a new generation; another generation of it is there; .* free\n/);

    const taken = await w.longhaul(['--json', 'sync', 'push', 'other', '--to', 'dest', '--to', 'gone', '--as', 'results', '--dry-run']);
    expect(taken.code).toBe(6);
    const { data } = JSON.parse(taken.stdout) as { data: PushPreview };
    expect(data.places).toMatchObject([
      { destination: 'dest', inPlace: 'conflict', problems: [{ kind: 'conflict' }] },
      { destination: 'gone', inPlace: 'unknown', problems: [{ kind: 'unreachable' }] },
    ]);
    expect([snapshot(w.place), (await w.sync.queue.list()).jobs]).toEqual(before);
  });
});
