import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ContainerInfo } from '../src/engine/index.ts';
import { ownerOf, parseInspect } from '../src/engine/index.ts';
import { parseListing, psArgs } from '../src/engine/normalise.ts';

const fixture = (path: string): string => readFileSync(join(import.meta.dirname, 'fixtures', path), 'utf8');
const byName = (list: readonly ContainerInfo[] | null, name: string): ContainerInfo | undefined => list?.find((info) => info.name === name);

const RECORDED = {
  podman: { inspect: fixture('podman/inspect.json'), list: fixture('podman/ps.json') },
  docker: { inspect: fixture('docker/inspect.json'), list: fixture('docker/ps.jsonl') },
} as const;

describe.each(['podman', 'docker'] as const)('what %s was recorded to say', (runtime) => {
  const inspected = parseInspect(RECORDED[runtime].inspect);
  const listed = parseListing(RECORDED[runtime].list);

  test('names each container with its whole id, in both answers', () => {
    expect(inspected.map(({ id }) => id).sort()).toEqual(listed?.map(({ id }) => id).sort());
    expect(inspected.every(({ id, name }) => /^[0-9a-f]{64}$/.test(id) && !name.startsWith('/'))).toBe(true);
  });

  test.each([
    ['three', { state: 'exited', exitCode: 3 }],
    ['oom', { state: 'exited', exitCode: 137 }],
    ['made', { state: 'created', exitCode: null }],
    ['unstartable', { state: 'created', exitCode: null }],
    ['train', { state: 'running', exitCode: null }],
    ['paused', { state: 'paused', exitCode: null }],
  ])('%s: state and code are the same in a list and of one', (name, facts) => {
    expect(byName(inspected, name)).toMatchObject(facts);
    expect(byName(listed, name)).toMatchObject(facts);
  });

  test('a running container of ours is described whole', () => {
    const train = byName(inspected, 'train');
    expect(train).toMatchObject({ image: 'localhost/longhaul/plain:test', workingDir: '/data', terminal: 'no', stopSignal: 'SIGTERM', finishedAt: null, oomKilled: false });
    expect(train?.pid).toBeGreaterThan(1);
    expect(train?.command).toEqual(['sh', '-c', 'echo started; exec sleep 1000']);
    expect(train?.labels).toMatchObject({ odd: 'a,b=c' });
    expect(train?.ports).toEqual(expect.arrayContaining([
      { hostAddress: '127.0.0.1', hostPort: runtime === 'podman' ? 18081 : 18082, containerPort: 80, protocol: 'tcp' },
      { hostAddress: '127.0.0.1', hostPort: runtime === 'podman' ? 18051 : 18052, containerPort: 53, protocol: 'udp' },
    ]));
    expect(train?.mounts).toEqual(expect.arrayContaining([
      { source: '/data/with space, and comma', volume: null, target: '/data', mode: 'rw' },
      { source: '/data', volume: null, target: '/ro', mode: 'ro' },
      expect.objectContaining({ volume: 'cache', target: '/cache', mode: 'rw' }),
    ]));
    expect(train?.startedAt).toMatch(/^2026-11-22T\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('its owner is read from the labels, also from a list, and a foreign container has none', () => {
    for (const list of [inspected, listed]) {
      const train = byName(list, 'train');
      expect(train === undefined ? null : ownerOf(train)).toEqual({ session: 'train', runId: '01KAMK3S7Q4T8V2X6Z0B9D5F1H', stateId: '0123456789abcdef' });
      const three = byName(list, 'three');
      expect(three === undefined ? null : ownerOf(three)).toBeNull();
    }
  });

  test('terminal, stop signal and health are said', () => {
    expect(byName(inspected, 'tty')).toMatchObject({ terminal: 'yes', stopSignal: 'SIGINT' });
    expect(byName(inspected, 'healthy')?.health).toBe('healthy');
  });
});

test('docker says that the memory limit ended a container, and why one could not be started', () => {
  const docker = parseInspect(RECORDED.docker.inspect);
  expect(byName(docker, 'oom')?.oomKilled).toBe(true);
  expect(byName(docker, 'killed')?.oomKilled).toBe(false);
  expect(byName(docker, 'unstartable')?.error).toContain('executable file not found');
  expect(byName(docker, 'restarting')?.state).toBe('restarting');
});

test('a container that never began or never ended has no such time', () => {
  for (const { inspect } of Object.values(RECORDED)) {
    expect(byName(parseInspect(inspect), 'made')).toMatchObject({ startedAt: null, finishedAt: null, pid: null });
  }
});

test('a list of docker does not ask for the disk use of each container', () => {
  expect(psArgs('docker')).toContain('--size=false');
});

test('a label of somebody else with commas in it is not taken for ours', () => {
  const imitation = { ID: 'a'.repeat(64), Names: 'theirs', State: 'running', Labels: 'odd=a,io.longhaul.session=train,io.longhaul.run=01KAMK3S7Q4T8V2X6Z0B9D5F1H,io.longhaul.state=0123456789abcdef' };
  const ours = { ...imitation, ID: 'b'.repeat(64), Names: 'ours' };
  const lines = [`${JSON.stringify(imitation)}\t""\t""\t""`, `${JSON.stringify(ours)}\t"train"\t"01KAMK3S7Q4T8V2X6Z0B9D5F1H"\t"0123456789abcdef"`];
  expect((parseListing(lines.join('\n')) ?? []).map(ownerOf)).toEqual([null, { session: 'train', runId: '01KAMK3S7Q4T8V2X6Z0B9D5F1H', stateId: '0123456789abcdef' }]);
});

test('an empty list is empty, and what is no list is not taken for one', () => {
  expect(['', '\n', '[]', 'null'].map(parseListing)).toEqual([[], [], [], []]);
  expect(['nonsense', '{"ID":"a"}\nnonsense', '[1]', '"text"'].map(parseListing)).toEqual([null, null, null, null]);
});

/** JSON of any form in the places where the engines write facts. */
const oddContainer = fc.record(
  Object.fromEntries(
    ['Id', 'ID', 'Name', 'Names', 'Image', 'Command', 'State', 'Status', 'Created', 'CreatedAt', 'StartedAt', 'ExitedAt', 'ExitCode', 'Pid', 'Labels', 'Mounts', 'Config', 'HostConfig', 'LogPath'].map((key) => [
      key,
      fc.oneof(fc.jsonValue(), fc.constant('x'), fc.double(), fc.record({ Status: fc.jsonValue(), ExitCode: fc.jsonValue(), StartedAt: fc.oneof(fc.jsonValue(), fc.double()), Health: fc.jsonValue(), PortBindings: fc.dictionary(fc.string(), fc.jsonValue()), Labels: fc.jsonValue(), StopSignal: fc.jsonValue() }, { requiredKeys: [] })),
    ]),
  ),
  { requiredKeys: [] },
);

test('odd JSON never throws, and a state that is no word of an engine is unknown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.array(oddContainer).map((list) => JSON.stringify(list)), oddContainer.map((one) => JSON.stringify(one))), (text) => {
      const seen = [...parseInspect(text), ...(parseListing(text) ?? [])];
      for (const { state } of seen) expect(['created', 'running', 'paused', 'restarting', 'exited', 'dead', 'removing', 'unknown']).toContain(state);
    }),
  );
  expect(parseInspect('[{"Id":"a","State":{"Status":"hibernating"}}]')[0]?.state).toBe('unknown');
});
