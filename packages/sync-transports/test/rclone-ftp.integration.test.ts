import { mkdirSync, writeFileSync } from 'node:fs';
import { freePort, requireService, smallDisk, startFtpServer, writeRandomFile } from '@longhaul/testbed';
import { describe, expect, it, vi } from 'vitest';
import type { RawPath } from '../src/index.ts';
import { RcloneBench } from './rclone-setup.ts';
import { compared, placement, push } from './ssh-setup.ts';

// Each call is a start of rclone: on a machine that is busy, minutes.
vi.setConfig({ testTimeout: 240_000 });

const raw = (path: string): RawPath => path as RawPath;

describe.runIf(requireService('rclone', 'ftp', 'root'))('an FTP server', () => {
  it('says in its probe what it lacks; names that would tear its lists apart are refused, and met there they are no empty folder', async () => {
    await using bench = await RcloneBench.open();
    await using ftp = await startFtpServer({ folder: bench.there });
    const transport = await bench.transport(ftp.remote);
    expect(await transport.probe()).toMatchObject({ reachable: true, freeBytes: null, hash: 'download', tools: expect.arrayContaining(['backend ftp', 'hashes: none']) as string[] });
    await expect(transport.checkNames(await bench.sealed([{ path: 'line\nbreak', file: 'x' }], 'odd'))).rejects.toMatchObject({ code: 'SOURCE_NAME' });
    const seal = await bench.sealed([{ path: 'a', file: 'alpha' }]);
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    mkdirSync(`${bench.there}/.longhaul-incoming/job-1/tree/line\nbreak`);
    await expect(compared(transport, seal)).rejects.toMatchObject({ code: 'TRANSPORT', hint: expect.stringContaining('line break') as string });
    // A job that is given up is not taken for gone because its folder cannot be read.
    await expect(transport.remove({ placement: placement() })).rejects.toMatchObject({ code: 'TRANSPORT' });
  });

  it('a wrong password is auth, one that is off is network, a full disk is no_space, a folder of another user permission', async () => {
    await using bench = await RcloneBench.open();
    await using disk = await smallDisk({ bytes: 1 << 20 });
    await using ftp = await startFtpServer({ folder: disk.path });
    writeRandomFile(bench.dir.join('results/big'), 3 << 20);
    const seal = await bench.sealed([]);
    expect(await push(await bench.transport({ ...ftp.remote, pass: 'wrong' }), seal)).toMatchObject({ ok: false, errorKind: 'auth', hint: expect.stringContaining('rclone config') as string });
    expect(await push(await bench.transport({ ...ftp.remote, port: String(await freePort()) }), seal)).toMatchObject({ ok: false, errorKind: 'network' });
    expect(await push(await bench.transport(ftp.remote), seal)).toMatchObject({ ok: false, errorKind: 'no_space' });
    await using other = await startFtpServer({ folder: disk.path, runAs: 65534 });
    expect(await push(await bench.transport(other.remote), seal)).toMatchObject({ ok: false, errorKind: 'permission' });
    writeFileSync(`${disk.path}/results`, '');
    expect(await (await bench.transport(ftp.remote)).readReceipt({ finalName: raw('results') })).toEqual({ kind: 'foreign' });
  });
});
