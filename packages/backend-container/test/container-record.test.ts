import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BackendUnavailableError } from '@longhaul/errors';
import type { RunDirectory } from '@longhaul/sessions';
import { describe, expect, it, onTestFinished } from 'vitest';

import { CONTAINER_RECORD, readContainerId, readContainerRecord, writeContainerRecord } from '../src/container-record.ts';

async function emptyRun(): Promise<RunDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'lh-record-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return { path } as RunDirectory;
}

describe('the record of where a container is', () => {
  it('is read back as it was written', async () => {
    const run = await emptyRun();
    writeContainerRecord(run, { runtime: 'docker', containerName: 'train', terminal: 'yes' });
    expect(readContainerRecord(run)).toEqual({ runtime: 'docker', containerName: 'train', terminal: 'yes' });
  });

  it('is null where the run never came so far', async () => {
    const run = await emptyRun();
    expect([readContainerRecord(run), readContainerId(run)]).toEqual([null, null]);
  });

  it.each(['', '{', '[]', '{"runtime":"lxc","containerName":"x","terminal":"no"}', '{"runtime":"podman","containerName":"x"}'])('says so where it is damaged: %j', async (text) => {
    const run = await emptyRun();
    writeFileSync(join(run.path, CONTAINER_RECORD), text);
    expect(() => readContainerRecord(run)).toThrow(BackendUnavailableError);
  });

  it('says so where it cannot be read, never that there is no container', async () => {
    const run = await emptyRun();
    mkdirSync(join(run.path, CONTAINER_RECORD));
    mkdirSync(join(run.path, 'cid'));
    expect(() => readContainerRecord(run)).toThrow(/EISDIR/);
    expect(() => readContainerId(run)).toThrow(BackendUnavailableError);
  });
});
