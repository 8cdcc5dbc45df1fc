import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { DestinationInfo } from '@longhaul/host';
import type { Job } from '@longhaul/sync-queue';
import { remoteOf, requireService, runProgram, startRcloneServer, writeRcloneConfig } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import { cliWorld } from './cli-world.ts';

interface Shown {
  readonly job: Job;
  readonly proofs: readonly { readonly strength: string }[];
}

describe.runIf(requireService('rclone'))('remotes of rclone', () => {
  it('get a push, prove it by reading back or by their own hash, and say what is wrong with a password', async () => {
    const world = cliWorld();
    for (const folder of ['served', 'disk']) mkdirSync(path.join(world.root, folder));
    await using server = await startRcloneServer({ protocol: 'webdav', folder: path.join(world.root, 'served') });
    const dav = remoteOf('webdav', server);
    await writeRcloneConfig(path.join(world.root, 'rclone.conf'), { dav, wrong: { ...dav, pass: 'not-the-password' }, disk: { type: 'alias', remote: path.join(world.root, 'disk') } });
    const names = { s3: 'dav:', disk: 'disk:', wrong: 'wrong:' };
    world.write('longhaul.yaml', `destinations:\n${Object.entries(names).map(([name, remote]) => `  ${name}: { type: rclone, remote: "${remote}", configFile: "${path.join(world.root, 'rclone.conf')}" }\n`).join('')}`);
    world.write('results/model', 'weights');
    world.write('results/logs/day 1.txt', 'fine');

    const pushed = await world.longhaul(['sync', 'push', 'results', '--to', 's3', '--to', 'disk', '--wait']);
    expect([pushed.code, pushed.stderr]).toEqual([0, expect.any(String)]);
    for (const [destination, folder, strength] of [['s3', 'served', 'download'], ['disk', 'disk', 'sha256']] as const) {
      const result = path.join(world.root, folder, 'results');
      await runProgram('sha256sum', ['--quiet', '--strict', '-c', '.longhaul/checksums.sha256'], { cwd: result });
      expect(JSON.parse(readFileSync(path.join(result, '.longhaul/longhaul.json'), 'utf8'))).toMatchObject({ verified: { strength } });
      const { jobs } = await world.json<{ jobs: readonly Job[] }>(['sync', 'list']);
      const job = jobs.find((one) => one.destination === destination);
      expect(job).toMatchObject({ state: 'VERIFIED' });
      expect(await world.json<Shown>(['sync', 'show', job?.id ?? ''])).toMatchObject({ proofs: [{ strength }] });
    }

    expect((await world.longhaul(['sync', 'destinations', 'probe', 's3'])).stdout).toMatch(/download/);
    const { destinations } = await world.json<{ destinations: readonly DestinationInfo[] }>(['sync', 'destinations']);
    expect(destinations.find(({ id }) => id === 's3')).toMatchObject({ type: 'rclone', place: 'dav:' });

    const refused = await world.longhaul(['sync', 'push', 'results', '--to', 'wrong', '--wait']);
    expect(refused.code).not.toBe(0);
    expect(`${refused.stdout}${refused.stderr}`).toMatch(/auth/);
    expect(`${refused.stdout}${refused.stderr}`).not.toContain('not-the-password');
    expect((await world.longhaul(['why', 'results']).then(({ stdout, stderr }) => `${stdout}${stderr}`))).not.toContain('not-the-password');
    expect(existsSync(path.join(world.root, 'disk/.longhaul-incoming/.locks'))).toBe(true);
  }, 300_000);
});
