import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { systemRunner } from '@longhaul/exec';
import type { LogChunk } from '@longhaul/sessions';
import { freePort, startDockerd, waitFor } from '@longhaul/testbed';
import { describe, expect, test } from 'vitest';

import type { ContainerInfo } from '../src/engine/index.ts';
import { EngineClient, ensureImage, foreignLog, foreignStatus, inspectContainer, listContainers, ownerOf, probeEngine } from '../src/engine/index.ts';
import { describeBoth } from './both-engines.ts';
import { prepareProvocations, PROVOCATIONS } from './provocations.ts';

const LONG = 120_000;
const runner = systemRunner();

const clientOf = (runtime: 'podman' | 'docker', env: Readonly<Record<string, string>>, answerMs = LONG): EngineClient => new EngineClient({ runtime, runner, env, answerMs });

async function infoOf(client: EngineClient, name: string): Promise<ContainerInfo> {
  const seen = await inspectContainer(client, name);
  if (seen.kind !== 'present') throw new Error(`${name} is ${seen.kind}`);
  return seen.info;
}

async function textOf(log: AsyncIterable<LogChunk>): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = {};
  for await (const { bytes, stream } of log) texts[stream] = (texts[stream] ?? '') + Buffer.from(bytes).toString('utf8');
  return texts;
}

describeBoth('the engine', (engine, runtime) => {
  test('each refusal is taken for what it is', async () => {
    await prepareProvocations(engine());
    const client = clientOf(runtime, engine().env);
    const said = [];
    for (const { what, args, why, only } of PROVOCATIONS) {
      if (only !== undefined && only !== runtime) continue;
      const answer = await client.ask(args);
      const { stderr } = process.env['RECORD'] === undefined ? { stderr: '' } : await engine().tryRun(...args);
      said.push({ what, why: answer.kind === 'failed' ? answer.why : 'done', expected: why, stderr: String(stderr) });
    }
    if (process.env['RECORD'] !== undefined) writeFileSync(join(import.meta.dirname, `fixtures/${runtime}/failures.json`), `${JSON.stringify(said.map(({ what, expected, stderr }) => ({ what, why: expected, stderr })), null, 1)}\n`);
    expect(said.map(({ what, why }) => `${what}: ${why}`)).toEqual(said.map(({ what, expected }) => `${what}: ${expected}`));
  }, LONG);

  test('says what it is, and has the image or says why not', async () => {
    const client = clientOf(runtime, engine().env);
    expect(await probeEngine(client)).toMatchObject({ runtime, server: runtime, privileges: 'rootful', init: 'yes', place: 'local' });
    const request = { session: 'job', image: engine().images.plain, pull: 'missing' as const };
    expect(await ensureImage(client, request)).toBe('present');
    await expect(ensureImage(client, { ...request, image: 'localhost/nope:1', pull: 'never' })).rejects.toThrow('is not on this machine');
    await expect(ensureImage(client, { ...request, image: `127.0.0.1:${String(await freePort())}/nope:1` })).rejects.toMatchObject({ message: expect.stringContaining('could not be fetched') as string, hint: expect.stringContaining('does this machine reach it') as string });
    await expect(ensureImage(client, { ...request, image: 'Upper:case' })).rejects.toThrow('cannot be the name of an image');
  }, LONG);

  test('a foreign container is listed, described and read, stdout and stderr apart', async () => {
    const client = clientOf(runtime, engine().env);
    await engine().tryRun('run', '--name', 'foreign', '--network', 'none', engine().images.plain, 'sh', '-c', 'echo one; echo two; echo bad >&2; exit 3');
    const listing = await listContainers(client);
    expect(listing.kind === 'answered' ? listing.containers.find(({ name }) => name === 'foreign') : null).toMatchObject({ state: 'exited', exitCode: 3 });
    const info = await infoOf(client, 'foreign');
    expect(foreignStatus(info, runtime)).toMatchObject({ name: 'foreign', state: 'exited', exitCode: 3, managed: false, socketName: runtime });
    expect(await textOf(foreignLog(client, info, { follow: true }))).toEqual({ stdout: 'one\ntwo\n', stderr: 'bad\n' });
    expect(await textOf(foreignLog(client, info, { since: new Date('2100-01-01T00:00:00Z') }))).toEqual({});
    await engine().run('rm', 'foreign');
    await expect(textOf(foreignLog(client, info, {}))).rejects.toThrow('was not found');
  }, LONG);

  test('a foreign container is followed to its last byte, also where its last line has no end', async () => {
    const client = clientOf(runtime, engine().env);
    await engine().run('run', '--detach', '--name', 'unended', '--network', 'none', engine().images.plain, 'sh', '-c', 'echo one; printf begun; while [ ! -e /go ]; do sleep 0.05; done; printf ", ended"');
    const seen: Buffer[] = [];
    for await (const { bytes } of foreignLog(client, await infoOf(client, 'unended'), { follow: true })) {
      if (seen.length === 0) await engine().run('exec', 'unended', 'touch', '/go');
      seen.push(Buffer.from(bytes));
    }
    expect(Buffer.concat(seen).toString()).toBe('one\nbegun, ended');
    await engine().run('rm', 'unended');
  }, LONG);

  test('a label with commas in it imitates none of ours in a list', async () => {
    const client = clientOf(runtime, engine().env);
    await engine().run('create', '--name', 'imitation', '--label', 'odd=a,io.longhaul.session=train,io.longhaul.run=01KAMK3S7Q4T8V2X6Z0B9D5F1H,io.longhaul.state=0123456789abcdef', engine().images.plain);
    await engine().run('create', '--name', 'labelled', '--label', 'io.longhaul.session=train', '--label', 'io.longhaul.run=01KAMK3S7Q4T8V2X6Z0B9D5F1H', '--label', 'io.longhaul.state=0123456789abcdef', engine().images.plain);
    const listing = await listContainers(client);
    const owners = listing.kind === 'answered' ? new Map(listing.containers.map((info) => [info.name, ownerOf(info)])) : null;
    expect([owners?.get('imitation'), owners?.get('labelled')]).toEqual([null, { session: 'train', runId: '01KAMK3S7Q4T8V2X6Z0B9D5F1H', stateId: '0123456789abcdef' }]);
    await engine().run('rm', 'imitation', 'labelled');
  }, LONG);

  test('a part of an id and a name that is a part are no container', async () => {
    const client = clientOf(runtime, engine().env);
    const id = await engine().run('create', '--name', 'whole-name', '--network', 'none', engine().images.plain);
    expect((await inspectContainer(client, id)).kind).toBe('present');
    expect((await inspectContainer(client, id.slice(0, 20))).kind).toBe('absent');
    expect((await inspectContainer(client, 'whole')).kind).toBe('absent');
  }, LONG);
});

describe('an engine that cannot be asked', () => {
  test('a missing program is not found, with both install lines', async () => {
    for (const runtime of ['podman', 'docker'] as const) {
      await expect(listContainers(clientOf(runtime, { PATH: '/nonexistent' }))).rejects.toMatchObject({ code: 'CONTAINER_RUNTIME_NOT_FOUND', hint: expect.stringMatching(/podman.*docker/) as string });
    }
  });

  test('a daemon that is gone, or deaf, is unknown and not empty', async () => {
    await using dockerd = await startDockerd();
    expect(await listContainers(clientOf('docker', dockerd.env))).toEqual({ kind: 'answered', containers: [] });
    dockerd.freeze();
    const deaf = await listContainers(clientOf('docker', dockerd.env, 500));
    dockerd.thaw();
    expect(deaf).toMatchObject({ kind: 'unknown', cause: { code: 'BACKEND_UNAVAILABLE', backend: 'docker' } });
    await dockerd.stop('kill');
    expect(await listContainers(clientOf('docker', dockerd.env))).toMatchObject({ kind: 'unknown' });
    expect(await inspectContainer(clientOf('docker', dockerd.env), 'any')).toMatchObject({ kind: 'unknown' });
    await expect(probeEngine(clientOf('docker', dockerd.env))).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    await dockerd.start();
    await waitFor(async () => (await listContainers(clientOf('docker', dockerd.env))).kind === 'answered', { what: 'dockerd' });
  }, LONG);
});
