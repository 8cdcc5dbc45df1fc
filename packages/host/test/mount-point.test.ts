import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';

import type { LocalDestination } from '@longhaul/config';
import { systemRunner } from '@longhaul/exec';
import { expect, it } from 'vitest';

import { DestinationRegistry } from '../src/destinations/destination-registry.ts';
import { diskRow, readDisks } from '../src/doctor/destinations.ts';
import { TransportPool } from '../src/sync/transport-pool.ts';
import { scratch } from './scratch.ts';

/** A folder where a disk ought to be. */
function bare(): LocalDestination {
  const mountPoint = path.join(scratch(), 'nas');
  mkdirSync(path.join(mountPoint, 'lab'), { recursive: true });
  return { type: 'local', path: path.join(mountPoint, 'lab'), mountPoint, bandwidth: null, bandwidthWindows: [], concurrency: null, as: null };
}

it('uses no destination whose mount point has nothing mounted', async () => {
  const settings = bare();
  const stateDir = scratch();
  await using pool = new TransportPool({ destinations: new DestinationRegistry(stateDir), stateDir, runner: systemRunner() });
  const { transport } = pool.use({ id: 'nas', settings, definedIn: null, stale: null });
  expect(await transport.probe()).toMatchObject({ reachable: false, errorKind: 'config', evidence: expect.stringContaining('nothing is mounted') as string });
  expect(readdirSync(settings.path)).toEqual([]);
});

it('tells doctor that nothing is mounted there', () => {
  const settings = bare();
  const [fact] = readDisks({ destinations: new Map([['nas', settings]]) });
  expect(fact === undefined ? null : diskRow(fact)).toMatchObject({ state: 'problem', found: expect.stringContaining(`nothing is mounted at ${settings.mountPoint ?? ''}`) as string, fix: `mount ${settings.mountPoint ?? ''}` });
});
