import { rmSync, writeFileSync } from 'node:fs';
import { busyboxPath, findProgram, requireService } from '@longhaul/testbed';
import { describe, expect, it, vi } from 'vitest';
import { compareManifest } from '../src/index.ts';
import { placement, SshBench } from './ssh-setup.ts';

vi.setConfig({ testTimeout: 240_000 });

const SIZE = 256 << 20;

describe.runIf(requireService('sshd', 'rsync', 'busybox'))('one big file that is hashed at the far side', () => {
  it('is seen to be read while it is', async () => {
    await using tools = await busyboxPath({ also: ['rsync'] });
    const goOn = tools.join('go-on');
    const real = findProgram('sha256sum') ?? 'sha256sum';
    // Reads a part, and the rest once that was seen.
    rmSync(tools.join('sha256sum'));
    writeFileSync(tools.join('sha256sum'), `#!/bin/sh\n[ $# -gt 0 ] || exec ${real}\nexec 3<"$1"\nhead -c 100000000 <&3 >/dev/null\nuntil [ -e ${goOn} ]; do sleep 0.1; done\nexec ${real} "$@"\n`, { mode: 0o755 });
    await using bench = await SshBench.open({ config: [`ForceCommand PATH=${tools.path} exec ${tools.path}/sh -c "$SSH_ORIGINAL_COMMAND"`] });
    const big = { path: 'big', sparse: { size: SIZE, data: [{ at: 0, bytes: 'x' }] } };
    const seal = await bench.sealed([big]);
    await bench.sealed([big], 'there/results');
    const told: number[] = [];
    const manifest = await bench.transport().hashsum({
      where: 'final',
      placement: placement(),
      seal,
      onProgress: ({ bytesDone }) => {
        told.push(bytesDone);
        writeFileSync(goOn, '');
      },
    });
    expect(compareManifest(seal, manifest)).toMatchObject({ missing: [], mismatched: [], strength: 'sha256' });
    // Nothing went on before the first report, whichever part of the file it found read.
    expect(told[0]).toBeGreaterThan(0);
    expect(told[0]).toBeLessThan(SIZE);
    expect(told.at(-1)).toBe(SIZE);
  });
});
