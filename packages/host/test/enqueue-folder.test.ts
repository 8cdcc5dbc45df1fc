import type { DestinationSettings, WatchSettings } from '@longhaul/config';
import type { EnqueuePlan, EnqueueRequest, Job, JobState, SyncQueue } from '@longhaul/sync-queue';
import type { RawPath, Seal, SealCheck, SealSource } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';

import { enqueueFolder } from '../src/watch/enqueue-folder.ts';
import type { Handled } from '../src/watch/folder-memory.ts';

const SOURCE: SealSource = { kind: 'directory', root: '/data/scans/one' as RawPath, name: 'one' as RawPath, dev: 1n };
const SETTINGS: WatchSettings = { path: '/data/scans', settleMs: 60_000, sentinel: null, to: ['nas'], as: null, include: [], exclude: [] };
const NAS: DestinationSettings = { type: 'local', path: '/nas', bandwidth: null, bandwidthWindows: [], concurrency: null, as: null };

const job = (id: string, state: JobState): Job => ({ id, state, sealId: `seal-${id}`, destination: 'nas' }) as Job;

interface Situation {
  readonly newest?: Job | null;
  readonly proven?: Job | null;
  readonly check?: SealCheck;
  readonly sealed?: 'kept' | 'lost';
  readonly files?: number;
  readonly resolved?: SealSource;
}

/** What comes of a quiet folder, and what was put into the queue. */
async function quiet({ newest = null, proven = null, check = { kind: 'unchanged' }, sealed = 'kept', files = 3, resolved = SOURCE }: Situation): Promise<Pick<Handled, 'jobs' | 'held'> & { readonly queued: readonly EnqueueRequest[] }> {
  const queued: EnqueueRequest[] = [];
  const plan: EnqueuePlan = { source: resolved, sourceId: 'id', finalName: 'one' as RawPath, kind: 'created', because: null, job: newest, proven };
  const queue: Pick<SyncQueue, 'plan' | 'enqueue'> = {
    plan: () => Promise.resolve(plan),
    enqueue: (request) => {
      queued.push(request);
      return Promise.resolve({ kind: 'created', job: job('new', 'QUEUED') });
    },
  };
  const done = await enqueueFolder(
    { path: '/data/scans/one', source: SOURCE, fingerprint: 'f1', files, settings: SETTINGS },
    {
      destination: (name) => ({ id: name, settings: NAS, definedIn: null, stale: null }),
      queue: queue as SyncQueue,
      seals: { get: () => Promise.resolve(sealed === 'lost' ? null : ({ source: SOURCE } as Seal)) },
      sealer: { check: () => Promise.resolve(check) },
    },
  );
  return { ...done, queued };
}

const gone: SealCheck = { kind: 'vanished', paths: ['a', 'b'] as RawPath[] };

describe('a quiet folder', () => {
  it('is put into the queue with a key of its source, its looks and the destination', async () => {
    const { jobs, held, queued } = await quiet({});
    expect({ jobs, held }).toEqual({ jobs: [{ destination: 'nas', jobId: 'new' }], held: null });
    expect(queued).toEqual([{ source: '/data/scans/one', destination: 'nas', filter: { include: [], exclude: [] }, dedupKey: 'watch:id:f1:nas' }]);
  });

  it('that has changed or grown since it was proven goes again; one that is as it was does not', async () => {
    const proven = job('old', 'VERIFIED');
    expect((await quiet({ newest: proven, proven, check: { kind: 'changed', paths: [] } })).queued).toHaveLength(1);
    expect(await quiet({ newest: proven, proven })).toEqual({ jobs: [{ destination: 'nas', jobId: 'old' }], held: null, queued: [] });
    // The newest attempt failed: that the older result is as the folder is now does not make it good.
    expect((await quiet({ newest: job('failed', 'FAILED'), proven })).queued).toHaveLength(1);
  });

  it('that has lost what was proven is held, also where a later attempt failed: the result may be the only copy', async () => {
    const proven = job('old', 'VERIFIED');
    for (const newest of [proven, job('failed', 'FAILED'), job('active', 'RUNNING')]) {
      const { held, queued } = await quiet({ newest, proven, check: gone });
      expect(held).toBe('a and 1 more were sent and gone here since: the result at the destination stays as it is. To send what is here now in its place: longhaul sync push FOLDER --to nas');
      expect(queued).toEqual([]);
    }
    expect((await quiet({ newest: proven, proven, sealed: 'lost' })).held).toContain('not on record here any more');
  });

  it('that was reclaimed is done with, and held where something new lies in it', async () => {
    const proven = job('old', 'CLEANED');
    expect(await quiet({ newest: proven, proven, files: 0 })).toEqual({ jobs: [{ destination: 'nas', jobId: 'old' }], held: null, queued: [] });
    const { held, queued } = await quiet({ newest: proven, proven, files: 1 });
    expect(held).toContain('was reclaimed here');
    expect(queued).toEqual([]);
  });

  it('that was replaced by a symlink while it was looked at is refused', async () => {
    await expect(quiet({ resolved: { ...SOURCE, root: '/elsewhere' as RawPath } })).rejects.toMatchObject({ code: 'SOURCE_NOT_DIRECTORY' });
  });
});
