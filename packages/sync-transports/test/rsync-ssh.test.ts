import type { RawPath } from '@longhaul/sync-transports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRefusal } from '../src/rsync-ssh/claim-refusal.ts';
import { parseRsyncSshDestination } from '../src/rsync-ssh/destination-options.ts';
import { partReader } from '../src/rsync-ssh/field-reader.ts';
import { channelCount, hashBatches } from '../src/rsync-ssh/hash-batches.ts';
import { HashLines } from '../src/rsync-ssh/hash-lines.ts';
import { parentsOf, receiptLine } from '../src/rsync-ssh/placement-values.ts';
import { PushPosition } from '../src/rsync-ssh/push-position.ts';
import { StuckFiles } from '../src/rsync-ssh/push.ts';
import { parseFacts } from '../src/rsync-ssh/remote-facts.ts';
import { carriedBy, filesFrom, kibPerSecond, rsyncArguments } from '../src/rsync-ssh/rsync-arguments.ts';
import { parseRsyncLine } from '../src/rsync-ssh/rsync-output.ts';
import { TreeListing } from '../src/rsync-ssh/tree-listing.ts';
import { printReceipt } from '../src/index.ts';
import { exampleFile, exampleFolder, exampleReceipt, exampleSeal } from './examples.ts';

const raw = (path: string): RawPath => path as RawPath;
const CALL = { ssh: ['-T'], target: 'lab@nas', tree: '/v/J/tree', partialDir: '/v/J/partial', pushDir: '/v/J/push.1.x', rsyncThere: 'rsync', unchanged: 'by-time', carry: { holes: 'none', hardLinks: 'none' }, source: '/s/' } as const;

describe('rsyncArguments', () => {
  it('sends what is listed and nothing else', () => {
    const args = rsyncArguments(CALL, 'ssh -T');
    expect(args).toEqual(expect.arrayContaining(['-a', '-s', '--from0', '--files-from=-', '--no-implied-dirs', '--partial-dir=/v/J/partial', '--info=progress2,stats1', '--no-h', '--outbuf=L']));
    expect(args.slice(-3)).toEqual(['--', '/s/', 'lab@nas:/v/J/tree/']);
    expect(args.join(' ')).not.toMatch(/ -r |--delete|--recursive|--inplace|--append/);
  });

  it('limits the bandwidth in whole KiB, rounded down and never to no limit', () => {
    expect(kibPerSecond(6_250_000)).toBe(6103);
    expect(kibPerSecond(1024)).toBe(1);
    expect(kibPerSecond(1)).toBe(1);
    expect(rsyncArguments({ ...CALL, bandwidth: 6_250_000 }, '')).toContain('--bwlimit=6103');
    expect(rsyncArguments(CALL, '').join(' ')).not.toContain('bwlimit');
  });

  it('repeats by content, links to what is in place, and brackets addresses with colons', () => {
    const args = rsyncArguments({ ...CALL, unchanged: 'by-content', linkDest: '/v/final', target: 'lab@fe80::1' }, '');
    expect(args).toEqual(expect.arrayContaining(['--ignore-times', '--link-dest=/v/final', 'lab@[fe80::1]:/v/J/tree/']));
    expect(rsyncArguments(CALL, '')).not.toContain('--ignore-times');
  });

  it('looks for holes and hard links only where the seal has some', () => {
    const plain = exampleFile('a', { size: 10, allocated: 4096, nlink: 1 });
    const elsewhere = exampleFile('b', { size: 10, allocated: 4096, nlink: 2, ino: 7n });
    const other = exampleFile('c', { size: 10, allocated: 4096, nlink: 2, ino: 7n });
    const sparse = exampleFile('d', { size: 8192, allocated: 4096, nlink: 1 });
    expect(carriedBy([exampleFolder('x'), plain, elsewhere])).toEqual({ holes: 'none', hardLinks: 'none' });
    expect(carriedBy([plain, elsewhere, other])).toEqual({ holes: 'none', hardLinks: 'some' });
    expect(carriedBy([plain, sparse])).toEqual({ holes: 'some', hardLinks: 'none' });
    expect(rsyncArguments({ ...CALL, carry: { holes: 'some', hardLinks: 'some' } }, '')).toContain('-aHS');
  });

  it('names every entry with ./ and NUL', () => {
    expect(filesFrom([raw('#a'), raw('\xff\n')]).toString('latin1')).toBe('./#a\0./\xff\n\0');
  });
});

describe('parseRsyncLine', () => {
  it.each([
    ['<f+++++++++ dir/file', { kind: 'entry', path: 'dir/file', action: 'transferred' }],
    ['<f.st...... a', { kind: 'entry', path: 'a', action: 'transferred' }],
    ['.f          there already', { kind: 'entry', path: 'there already', action: 'present' }],
    ['hf          linked', { kind: 'entry', path: 'linked', action: 'present' }],
    ['cd+++++++++ folder/', { kind: 'entry', path: 'folder', action: 'present' }],
    ['<f+++++++++ new\\#012line \\ \\#134#012 \\#377', { kind: 'entry', path: 'new\nline \\ \\#012 \xff', action: 'transferred' }],
    ['     67108864  97%   12.34MB/s    0:00:05  ', { kind: 'bytes', bytes: 67_108_864 }],
    ['              5  35%    2.93kB/s    0:00:00 (xfr#3, to-chk=0/11)', { kind: 'bytes', bytes: 5 }],
    ['      1,234,567  35%    2.93kB/s    0:00:00', { kind: 'bytes', bytes: 1_234_567 }],
    ['sent 1,234 bytes  received 63 bytes  678.00 bytes/sec', { kind: 'sent', bytes: 1234 }],
    ['total size is 4  speedup is 0.01', null],
    ['', null],
  ])('%j', (line, expected) => {
    expect(parseRsyncLine(line)).toEqual(expected);
  });
});

describe('PushPosition', () => {
  const seal = exampleSeal([exampleFolder('d'), exampleFile('d/a', { size: 100 }), exampleFile('d/b', { size: 1000 }), exampleFile('d/c', { size: 10 })]);
  const all = seal.entries.map(({ path }) => path);
  const play = (lines: readonly string[], position = new PushPosition(seal, all)): PushPosition => {
    for (const line of lines) {
      const parsed = parseRsyncLine(line);
      if (parsed !== null) position.accept(parsed);
    }
    return position;
  };

  it('counts what was there already, what was sent, and the part of the file on its way', () => {
    const position = play(['cd+++++++++ d/', '.f          d/a', '<f+++++++++ d/b', '   600  54%  1.00MB/s 0:00:00']);
    expect(position.progress()).toMatchObject({ bytesDone: 700, bytesTotal: 1110, filesDone: 1, filesTotal: 3, currentFile: 'd/b' });
    play(['   1000  90%  1.00MB/s 0:00:00', '<f+++++++++ d/c'], position);
    expect(position.progress()).toMatchObject({ bytesDone: 1100, filesDone: 2, currentFile: 'd/c' });
  });

  it('begins with what a repeat does not touch, and ends whole', () => {
    const position = new PushPosition(seal, [raw('d/a')]);
    expect(position.progress()).toMatchObject({ bytesDone: 1010, filesDone: 2 });
    position.finish();
    expect(position.progress()).toMatchObject({ bytesDone: 1110, filesDone: 3, currentFile: null });
  });

  it('takes for sent what rsync says at last', () => {
    const position = play(['sent 4321 bytes  received 63 bytes']);
    position.noteSent(10);
    expect(position.bytesSent).toBe(4321);
  });

  it('never takes back what it told of bytes that travelled', () => {
    const position = new PushPosition(seal, all);
    position.noteSent(5000);
    expect(position.progress().bytesSent).toBe(5000);
    play(['sent 4321 bytes  received 63 bytes'], position);
    expect(position.progress().bytesSent).toBe(5000);
    expect(position.bytesSent).toBe(4321);
  });

  it('never runs backwards nor beyond the total, whatever rsync prints', () => {
    const line = fc.oneof(
      fc.constantFrom(...all, 'unknown').map((path) => `<f+++++++++ ${path}`),
      fc.constantFrom(...all).map((path) => `.f          ${path}`),
      fc.nat(5000).map((bytes) => ` ${String(bytes)}  5%  1.00MB/s 0:00:00`),
    );
    fc.assert(
      fc.property(fc.array(line), (printed) => {
        const position = new PushPosition(seal, all);
        let before = 0;
        for (const text of printed) {
          const { bytesDone, filesDone } = play([text], position).progress();
          expect(bytesDone).toBeGreaterThanOrEqual(before);
          expect(bytesDone).toBeLessThanOrEqual(1110);
          expect(filesDone).toBeLessThanOrEqual(3);
          before = bytesDone;
        }
      }),
    );
  });
});

describe('partReader', () => {
  it('gives the same parts however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\0', ''))), fc.integer({ min: 1, max: 7 }), (parts, size) => {
        const received: string[] = [];
        const read = partReader('\0', (part) => received.push(part));
        const all = Buffer.from(parts.map((part) => `${part}\0`).join(''), 'latin1');
        for (let at = 0; at < all.length; at += size) read(all.subarray(at, at + size));
        expect(received).toEqual(parts);
      }),
    );
  });
});

describe('TreeListing', () => {
  it('takes four fields an entry and knows whether it is whole', () => {
    const listing = new TreeListing();
    for (const field of ['f', '12', './a\nb', '', 'd', '0', './end', '', 'l', '3', './end/x', 'to\n']) listing.add(field);
    expect(listing.isWhole).toBe(false);
    listing.add('end');
    expect(listing.isWhole).toBe(true);
    expect([...listing.entries]).toEqual([['a\nb', { type: 'file', size: 12, sha256: null }], ['end', { type: 'dir' }], ['end/x', { type: 'symlink', target: 'to\n' }]]);
  });
});

describe('hashing in batches', () => {
  const files = [exampleFile('plain', { size: 5 }), exampleFile('new\nline', { size: 5 }), exampleFile('back\\slash', { size: 5 }), exampleFile('cr\r', { size: 5 })];

  it('takes odd names one by one, the others by name', () => {
    expect(hashBatches(files, { cores: 8, bytesPerSecond: 1e9 })).toEqual([{ how: 'name', paths: ['plain'] }, { how: 'position', paths: ['new\nline', 'back\\slash', 'cr\r'] }]);
    expect(hashBatches([], { cores: 8, bytesPerSecond: 1e9 })).toEqual([]);
  });

  it('gives every file to exactly one channel, and no more channels than there are processors', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1 << 28), { maxLength: 200 }), fc.integer({ min: 1, max: 64 }), (sizes, cores) => {
        const all = sizes.map((size, index) => exampleFile(`f${String(index)}`, { size }));
        const batches = hashBatches(all, { cores, bytesPerSecond: 5e8 });
        expect(batches.length).toBeLessThanOrEqual(Math.min(cores, 4));
        expect(batches.flatMap(({ paths }) => paths).sort()).toEqual(all.map(({ path }) => path).sort());
      }),
    );
  });

  it('opens a channel more where there is work for it', () => {
    const gib = [exampleFile('a', { size: 1e9 }), exampleFile('b', { size: 1e9 })];
    expect(channelCount(gib, { cores: 8, bytesPerSecond: 1e9 })).toBe(2);
    expect(channelCount(files, { cores: 8, bytesPerSecond: 1e9 })).toBe(1);
    expect(channelCount(Array.from({ length: 90_000 }, (_, index) => exampleFile(String(index))), { cores: 8, bytesPerSecond: 1e9 })).toBe(3);
  });

  it('reads both forms of hash programs, and lines by position', () => {
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    const byName = new HashLines({ how: 'name', paths: [raw('x y'), raw('z')] });
    for (const line of [`${a}  ./x y`, `${b} *./z`, 'sha256sum: ./gone: No such file', `${a.slice(1)}  ./short`]) byName.add(line);
    expect([...byName.hashes]).toEqual([['x y', a], ['z', b]]);
    const byPosition = new HashLines({ how: 'position', paths: [raw('1\n'), raw('2\n'), raw('3\n')] });
    for (const line of [`${a}  -`, '-', `${b} *stdin`]) byPosition.add(line);
    expect([...byPosition.hashes]).toEqual([['1\n', a], ['3\n', b]]);
  });
});

describe('parseFacts', () => {
  it('chooses the quickest program that is there', () => {
    expect(parseFacts(['/usr/bin/rsync', '/usr/bin/rsync', '8', 'yes', 'exact', '20000000', '5000000', ''])).toMatchObject({ hasher: 'openssl dgst -sha256 -r', cores: 8, hasAes: true, isHeadExact: true, rsync: '/usr/bin/rsync', isRsyncOnPath: true });
    expect(parseFacts(['', '/opt/bin/rsync', 'x', 'unknown', 'greedy', '20', '', ''])).toMatchObject({ hasher: 'sha256sum', cores: 1, hasAes: null, isHeadExact: false, rsync: '/opt/bin/rsync', isRsyncOnPath: false });
    expect(parseFacts(['', '', '2', 'no', 'exact', '', '', ''])).toMatchObject({ hasher: null, rsync: null });
  });
});

describe('placement', () => {
  it('finds a value of a receipt by its line', () => {
    const receipt = exampleReceipt({ jobId: 'job "x"\\', sourceId: 'é' });
    const lines = printReceipt(receipt).split('\n');
    for (const key of ['jobId', 'sourceId', 'hostId', 'sealId'] as const) expect(lines).toContain(receiptLine(key, receipt[key]));
    expect(lines).toContain('  "schemaVersion": 1,');
    expect(lines).toContain('  "generation": 1,');
    expect(lines.at(-2)).toBe('}');
  });

  it('lists parents from the top', () => {
    expect(parentsOf(raw('a/b/c'))).toEqual(['a', 'a/b']);
    expect(parentsOf(raw('a'))).toEqual([]);
  });

  it('reads what a claim is refused with', () => {
    expect(parseRefusal(['fenced', 'why'])).toEqual({ kind: 'fenced', evidence: 'why' });
    expect(parseRefusal(['locked', 'garbage'])).toMatchObject({ kind: 'locked', holder: 'unknown' });
    expect(parseRefusal(['ready', '/v', 'no'])).toBeNull();
  });
});

describe('StuckFiles', () => {
  it('counts failures at one file in a row, per job', () => {
    const stuck = new StuckFiles();
    expect([stuck.count('j', raw('a')), stuck.count('j', raw('a')), stuck.count('k', raw('a')), stuck.count('j', raw('a')), stuck.count('j', raw('b')), stuck.count('j', null)]).toEqual([1, 2, 1, 3, 1, 0]);
  });
});

describe('parseRsyncSshDestination', () => {
  it('needs a path', () => {
    expect(() => parseRsyncSshDestination({ target: 'nas', path: '' })).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });
});
