import { describe, expect, it } from 'vitest';
import type { RemoteAccount } from '../src/rsync-ssh/remote-facts.ts';
import { isNeutralGroup } from '../src/rsync-ssh/stream/streamable.ts';
import { StreamPosition } from '../src/rsync-ssh/stream/stream-position.ts';
import type { RawPath, SealListing } from '../src/index.ts';

const ALICE: RemoteAccount = { isRoot: false, group: 'users', groups: 'users lab domain users', groupIds: '100 2000 30001' };

describe('a group', () => {
  it.each([
    { group: { id: 1000, name: 'bob' }, alike: true, because: 'the account is in none of that name or number' },
    { group: { id: 999, name: 'users' }, alike: true, because: 'it is the account\'s first one anyway' },
    { group: { id: 999, name: 'lab' }, alike: false, because: 'rsync would give the file to it' },
    { group: { id: 999, name: 'domain users' }, alike: false, because: 'rsync would give the file to it, blanks or not' },
    { group: { id: 2000, name: 'bob' }, alike: false, because: 'rsync falls back to its number' },
    { group: { id: 2000, name: null }, alike: false, because: 'rsync goes by its number' },
    { group: { id: 200, name: null }, alike: true, because: 'the account is not in it' },
  ])('$group.id $group.name comes out alike: $alike, for $because', ({ group, alike }) => {
    expect(isNeutralGroup(group, ALICE)).toBe(alike);
    expect(isNeutralGroup(group, { ...ALICE, isRoot: true })).toBe(true);
  });
});

describe('the position of a stream', () => {
  const entry = { mode: 0o644, mtimeNs: 0n, ctimeNs: 0n, dev: 1n, ino: 1n } as const;
  const file = (path: string, size: number): SealListing['entries'][number] => ({ type: 'file', ...entry, path: path as RawPath, size, allocated: size, nlink: 1 });
  const listing: SealListing = {
    source: { kind: 'directory', root: '/s' as RawPath, name: 's' as RawPath, dev: 1n },
    totals: { files: 3, directories: 1, symlinks: 0, bytes: 10_000 },
    findings: [],
    entries: [{ type: 'dir', ...entry, path: 'd' as RawPath }, file('d/a', 4_000), file('d/b', 0), file('d/c', 6_000)],
  };

  it('follows the archive, never beyond what was written, and never backwards', () => {
    const position = new StreamPosition(listing);
    const seen = Array.from({ length: 40 }, (_, step) => {
      position.reach(step * 512);
      return position.progress();
    });
    position.reach(0);
    const done = seen.map(({ bytesDone }) => bytesDone);
    expect(done).toEqual(done.toSorted((left, right) => left - right));
    for (const { bytesDone, bytesSent } of seen) expect(bytesDone).toBeLessThanOrEqual(bytesSent);
    expect(seen[7]).toEqual({ bytesDone: 512, bytesTotal: 10_000, filesDone: 0, filesTotal: 3, bytesSent: 3_584, currentFile: 'd/a' });
    expect(seen.at(-1)).toMatchObject({ bytesDone: 10_000, filesDone: 3, currentFile: null });
  });

  it('is everything when it has ended', () => {
    const position = new StreamPosition(listing);
    position.finish();
    const { bytesSent, ...progress } = position.progress();
    expect(progress).toEqual({ bytesDone: 10_000, bytesTotal: 10_000, filesDone: 3, filesTotal: 3, currentFile: null });
    // tar has said nothing yet: what travels is more than what the files hold.
    expect(bytesSent).toBeGreaterThan(10_000);
  });
});
