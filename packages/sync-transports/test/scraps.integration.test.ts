import { bootId } from '@longhaul/exec';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireService } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';
import { newScrapMark, scrapMaker } from '../src/protocol/scraps.ts';
import type { RawPath, Transport } from '../src/index.ts';
import { LocalTransport } from '../src/index.ts';
import { publish, push, SshBench } from './ssh-setup.ts';
import { RcloneBench } from './rclone-setup.ts';

const odd = [{ path: 'Name', file: 'one' }, { path: 'name', file: 'two' }];
const INCOMING = '.longhaul-incoming';
const NONCE = '0123456789abcdef0123456789abcdef';

/** The prelude of a script that ends in the moment in which it says `word`. */
function endedBy(signal: string, word: string): string {
  return `reply() {\n  if [ "$1" = ${word} ]; then sh -c 'kill -${signal} "$PPID"'; fi\n  printf '%s\\0' "$@"\n}\n`;
}

describe.runIf(requireService('sshd', 'rsync'))('a look at a destination that ends before its time', () => {
  it.each(['PIPE', 'TERM'])('by %s leaves nothing', async (signal) => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(odd);
    await expect(bench.transport({ scriptPrelude: () => endedBy(signal, 'tried') }).checkNames(seal)).rejects.toMatchObject({ code: 'TRANSPORT' });
    const probe = await bench.transport({ scriptPrelude: () => `wc() { sh -c 'kill -${signal} $$ "$PPID"'; }\nsync() { sh -c 'kill -${signal} "$PPID"'; }\n` }).probe();
    expect(probe.evidence).not.toBeNull();
    expect(readdirSync(join(bench.there, INCOMING))).toEqual([]);
  });

  it('by kill -9 leaves what the next look, or the next publish, takes away', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(odd);
    const killed = bench.transport({ scriptPrelude: () => `reply() { if [ "$1" = tried ]; then sh -c "kill -9 $$ \\$PPID"; fi; printf '%s\\0' "$@"; }\n` });
    for (const next of ['look', 'publish'] as const) {
      await expect(killed.checkNames(seal)).rejects.toMatchObject({ code: 'TRANSPORT' });
      const left = readdirSync(join(bench.there, INCOMING)).filter((name) => name !== '.locks');
      expect(left).toEqual([expect.stringMatching(/^\.names\./)]);
      expect(scrapMaker(left[0] as RawPath)).toBe('ended');
      if (next === 'look') expect(await bench.transport().probe()).toMatchObject({ errorKind: null });
      else await push(bench.transport(), seal).then(async () => publish(bench.transport(), seal));
      expect(readdirSync(join(bench.there, INCOMING)).filter((name) => name !== '.locks')).toEqual([]);
    }
  });

  it('is no verdict on names where somebody took its folder away', async () => {
    await using bench = await SshBench.open();
    const seal = await bench.sealed(odd);
    const robbed = bench.transport({ scriptPrelude: () => `reply() { if [ "$1" = tried ]; then rm -rf "$start/$d"; fi; printf '%s\\0' "$@"; }\n` });
    await expect(robbed.checkNames(seal)).rejects.toMatchObject({ code: 'TRANSPORT', message: expect.stringContaining('taken away') as string });
  });
});

/** Scraps of five makers; `true` where nobody comes back for them. */
function scraps(there: string): ReadonlyMap<string, boolean> {
  mkdirSync(join(there, INCOMING), { recursive: true });
  const ended = newScrapMark().replace(/\.\d+$/, '.1');
  const elsewhere = `${NONCE}.${bootId().replaceAll(/\d/g, '0')}.1.2.3`;
  const made: readonly (readonly [name: string, days: number, isLeft: boolean])[] = [
    [`.names.${newScrapMark()}`, 0, false],
    [`.probe.${newScrapMark()}.new`, 1, false],
    [`.new.${ended}`, 0, true],
    [`.gone.${elsewhere}`, 6, false],
    [`.gone.${elsewhere.replace('0123', '4567')}`, 8, true],
    [`.link.${NONCE}`, 6, false],
    [`.names.${NONCE}`, 8, true],
    ['.stranger', 30, false],
    ['job-of-another', 30, false],
  ];
  for (const [name, days] of made) {
    const path = join(there, INCOMING, name);
    mkdirSync(path);
    writeFileSync(join(path, 'holder'), 'x');
    const at = Date.now() / 1000 - days * 86_400 - 60;
    utimesSync(join(path, 'holder'), at, at);
    utimesSync(path, at, at);
  }
  return new Map(made.map(([name, , isLeft]) => [name, isLeft]));
}

async function looked(transport: Transport, there: string): Promise<void> {
  const made = scraps(there);
  expect(await transport.probe()).toMatchObject({ reachable: true, errorKind: null });
  expect(readdirSync(join(there, INCOMING)).sort()).toEqual([...made].filter(([, isLeft]) => !isLeft).map(([name]) => name).sort());
}

describe.runIf(requireService('sshd', 'rsync'))('a look takes away only what nobody comes back for', () => {
  it('over ssh', async () => {
    await using bench = await SshBench.open();
    await looked(bench.transport(), bench.there);
  });

  it('on a disk of this machine', async () => {
    await using bench = await SshBench.open();
    await using transport = new LocalTransport({ path: bench.there });
    await looked(transport, bench.there);
    const seal = await bench.sealed(odd);
    expect(await push(transport, seal)).toMatchObject({ ok: true });
    expect(await publish(transport, seal)).toEqual({ kind: 'published' });
    expect(existsSync(join(bench.there, INCOMING, 'job-of-another'))).toBe(true);
  });
});

describe.runIf(requireService('rclone'))('a look takes away only what nobody comes back for', () => {
  it('at a remote of rclone', async () => {
    await using bench = await RcloneBench.open();
    await using transport = await bench.transport({ type: 'alias', remote: bench.there });
    await looked(transport, bench.there);
  });
});
