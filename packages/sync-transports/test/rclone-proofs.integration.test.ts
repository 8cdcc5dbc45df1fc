import { rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import type { RcloneRemote } from '@longhaul/testbed';
import { requireService, startSshd, writeRcloneConfig } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RawPath, Seal } from '../src/index.ts';
import { compareManifest, RcloneTransport } from '../src/index.ts';
import { hashsum } from '../src/rclone/hashsum.ts';
import type { RemoteFolder } from '../src/rclone/remote-folder.ts';
import { RcloneBench } from './rclone-setup.ts';
import { compared, EXACT, placement, publish, push } from './ssh-setup.ts';

// Each call is a start of rclone: on a machine that is busy, minutes.
vi.setConfig({ testTimeout: 240_000 });

async function published(bench: RcloneBench, remotes: Readonly<Record<string, RcloneRemote>>, remote: string): Promise<{ readonly transport: RcloneTransport; readonly seal: Seal }> {
  const configFile = bench.dir.join('rclone.conf');
  await writeRcloneConfig(configFile, remotes);
  const transport = new RcloneTransport({ remote, configFile });
  const seal = await bench.sealed([{ path: 'a', file: 'first' }]);
  expect(await push(transport, seal)).toMatchObject({ ok: true });
  expect(await publish(transport, seal)).toEqual({ kind: 'published' });
  return { transport, seal };
}

describe.runIf(requireService('rclone'))('what a remote shows that is not there', () => {
  it('is no proof: a hash that was kept here at the upload, behind a combine that does not say so', async () => {
    await using bench = await RcloneBench.open();
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('RCLONE_CACHE_DIR', bench.dir.join('cache'));
    const { transport, seal } = await published(bench, {
      h: { type: 'hasher', remote: bench.there, hashes: 'sha256', max_age: 'off' },
      both: { type: 'combine', upstreams: 'x=h:' },
    }, 'both:x');
    const file = `${bench.there}/results/a`;
    const { atime, mtime } = statSync(file);
    writeFileSync(file, 'FIRST');
    utimesSync(file, atime, mtime);
    expect(await compared(transport, seal, { where: 'final' })).toEqual({ ...EXACT, mismatched: ['a'], strength: 'download' });
  });

  it('is no proof: a link back to the source, where the configuration says that links are followed', async () => {
    await using bench = await RcloneBench.open();
    const { transport, seal } = await published(bench, { l: { type: 'local', copy_links: 'true' } }, `l:${bench.there}`);
    rmSync(`${bench.there}/results/a`);
    symlinkSync(bench.dir.join('results/a'), `${bench.there}/results/a`);
    expect(await compared(transport, seal, { where: 'final' })).toMatchObject({ missing: ['a'] });
  });

  it('is no proof: a link back to the source over sftp, which follows links unless it is told not to', async () => {
    if (!requireService('sshd')) return;
    await using bench = await RcloneBench.open();
    await using sshd = await startSshd({ config: ['Subsystem sftp internal-sftp'] });
    const { transport, seal } = await published(bench, { s: { type: 'sftp', host: '127.0.0.1', user: sshd.user, port: String(sshd.port), key_file: sshd.clientKey, known_hosts_file: sshd.knownHosts } }, `s:${bench.there}`);
    expect(await compared(transport, seal, { where: 'final' })).toMatchObject({ missing: [], mismatched: [] });
    rmSync(`${bench.there}/results/a`);
    symlinkSync(bench.dir.join('results/a'), `${bench.there}/results/a`);
    expect(await compared(transport, seal, { where: 'final' })).toMatchObject({ missing: ['a'] });
  });
});

describe('a file that goes between its listing and its hash', () => {
  it('is no file that counts by its size', async () => {
    await using bench = await RcloneBench.open();
    const seal = await bench.sealed([{ path: 'a', file: 'first' }]);
    const listed = new Map([['a' as RawPath, { type: 'file' as const, size: 5, mtimeNs: null }]]);
    // What rclone prints of it: nothing, and ends well.
    const program = { destination: { remote: 'lab:' }, at: () => 'lab:', run: async () => Promise.resolve('') };
    const folder = { facts: { folders: 'real' }, strength: async () => Promise.resolve('sha256'), program } as unknown as RemoteFolder;
    const request = { where: 'final', placement: placement(), seal } as const;
    await expect(hashsum(folder, { tree: 'results' as RawPath, listed, request }).then((manifest) => compareManifest(seal, manifest))).rejects.toThrow('no hash');
  });
});
