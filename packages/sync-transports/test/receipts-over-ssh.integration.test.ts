import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { systemRunner } from '@longhaul/exec';
import type { ProcessRunner } from '@longhaul/exec';
import { busyboxPath, findProgram, requireService } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';
import { checkReceipts, LocalTransport } from '../src/index.ts';
import type { RawPath, ReceiptListing } from '../src/index.ts';
import { takeBatches } from '../src/rsync-ssh/receipts.ts';
import { SshBench } from './ssh-setup.ts';

const RESULTS = 150;
const LINKS = 300;
const ODD = ['-n', 'new\nline', 'quote\'"$x', 'deep/er/result', ' '];

function put(path: string, content: string | Buffer): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(`${path}/longhaul.json`, content);
}

/** Receipts of all sizes, whole ones and such as nobody would write. */
function fill(there: string): void {
  for (let link = 1; link <= LINKS; link += 1) put(`${there}/.longhaul-receipts/${String(link).padStart(12, '0')}`, `{\n  "link": ${'9'.repeat(link)}\n}\n`);
  rmSync(`${there}/.longhaul-receipts/000000000007/longhaul.json`);
  writeFileSync(`${there}/.longhaul-receipts/000000000008/longhaul.json`, '');
  writeFileSync(`${there}/.longhaul-receipts/000000000009/longhaul.json`, 'no newline at the end');
  writeFileSync(`${there}/.longhaul-receipts/000000000010/longhaul.json`, Buffer.from([0x7b, 0x0a, 0xff, 0x0d, 0x5c, 0x0a, 0x0a]));
  for (const name of [...ODD, ...Array.from({ length: RESULTS }, (_, index) => `result ${String(index)}`)]) put(`${there}/${name}/.longhaul`, `{\n  "name": ${JSON.stringify(name)}\n}\n`);
}

const byName = ({ results, ...listing }: ReceiptListing): ReceiptListing => ({
  ...listing,
  links: listing.links.map(({ sequence, content }) => ({ sequence, content: content === null ? null : Buffer.from(content) })),
  results: results.map(({ finalName, content }) => ({ finalName, content: Buffer.from(content) })).sort((a, b) => (a.finalName < b.finalName ? -1 : 1)),
});

/** A folder for PATH whose programs note in `log` that they were started. */
function counted(folder: string, log: string): string {
  mkdirSync(folder);
  for (const name of ['cat', 'find', 'head', 'ls', 'sed', 'sh', 'stat', 'tr', 'wc', 'xargs']) {
    writeFileSync(`${folder}/${name}`, `#!/bin/sh\necho ${name} >>'${log}'\nexec ${findProgram(name) ?? name} "$@"\n`);
    chmodSync(`${folder}/${name}`, 0o755);
  }
  return `PATH='${folder}':$PATH\n`;
}

describe.runIf(requireService('sshd', 'rsync'))('some hundred receipts over ssh', () => {
  it('are read by a handful of programs through one connection, and are what lies there', async () => {
    await using bench = await SshBench.open();
    fill(bench.there);
    const log = bench.dir.join('programs.log');
    const prelude = counted(bench.dir.join('bin'), log);
    const started: string[] = [];
    const system = systemRunner();
    const runner: ProcessRunner = { detach: async (options) => system.detach(options), run: async (options) => system.run(options), spawn: async (options) => { started.push(options.program); return system.spawn(options); } };
    const transport = bench.transport({ scriptPrelude: () => prelude, runner });
    const listing = await transport.listReceipts();
    await using local = new LocalTransport({ path: bench.there });
    expect(byName(listing)).toEqual(byName(await local.listReceipts()));
    expect([listing.links.length, listing.results.length]).toEqual([LINKS, RESULTS + ODD.length]);
    expect(checkReceipts(listing)).toEqual(checkReceipts(await local.listReceipts()));
    const programs = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    expect(programs).toContain('cat');
    expect(programs.length).toBeLessThan(40);
    expect(started.filter((program) => program === 'ssh').length).toBeLessThan(4);
  });

  it('are read one by one where one of them holds what no receipt does, and by BusyBox', async () => {
    if (!requireService('busybox')) return;
    await using tools = await busyboxPath();
    await using bench = await SshBench.open({ config: [`ForceCommand PATH=${tools.path} exec ${tools.path}/sh -c "$SSH_ORIGINAL_COMMAND"`] });
    fill(bench.there);
    writeFileSync(`${bench.there}/.longhaul-receipts/000000000011/longhaul.json`, 'a\0b\n');
    const { links } = await bench.transport().listReceipts();
    const contents = new Map(links.map(({ sequence, content }) => [sequence, content === null ? null : Buffer.from(content).toString('latin1')]));
    expect([7, 8, 9, 11, 12].map((link) => contents.get(link))).toEqual([null, '', 'no newline at the end', 'ab\n', `{\n  "link": ${'9'.repeat(12)}\n}\n`]);
  });
});

describe('a batch of receipts', () => {
  const paths = ['a', 'b', 'c'] as readonly string[] as readonly RawPath[];
  const taken = (...fields: readonly string[]): readonly [readonly string[], readonly string[]] => {
    const found = new Map<RawPath, Uint8Array>();
    const again = takeBatches(fields, paths, found);
    return [[...found].map(([path, content]) => `${path}=${Buffer.from(content).toString()}`), again];
  };

  it('is split by the sizes that stat told', () => {
    expect(taken('batch', '2', '1 1 9 2\n1 2 9 3\n', 'xxyyy', '1 1 9 2\n1 2 9 3\n', 'batch', '1', '1 3 9 1\n', 'z', '1 3 9 1\n')).toEqual([['a=xx', 'b=yyy', 'c=z'], []]);
  });

  it('is not believed where a receipt was replaced, is gone, or there is more or less than was told', () => {
    expect(taken('batch', '3', '1 1 9 2\n1 2 9 3\n1 3 9 1\n', 'xxyyyz', '1 1 9 2\n1 7 9 3\n1 3 9 1\n')).toEqual([[], paths]);
    expect(taken('batch', '3', '1 1 9 2\n1 2 9 3\n', 'xxyyy', '1 1 9 2\n1 2 9 3\n')).toEqual([[], paths]);
    expect(taken('batch', '2', '1 1 9 2\n1 2 9 3\n', 'xxyy', '1 1 9 2\n1 2 9 3\n')).toEqual([[], ['a', 'b', 'c']]);
    expect(taken()).toEqual([[], paths]);
  });
});
