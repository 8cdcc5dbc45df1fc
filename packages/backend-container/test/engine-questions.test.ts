import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Command, Outcome, ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import { tempDir, writeTree } from '@longhaul/testbed';
import { expect, onTestFinished, test } from 'vitest';

import type { ContainerInfo } from '../src/engine/index.ts';
import { attachCommand, EngineClient, engineFacts, execCommand, listContainers } from '../src/engine/index.ts';
import { parseInspect } from '../src/engine/normalise.ts';

const fixture = (path: string): string => readFileSync(join(import.meta.dirname, 'fixtures', path), 'utf8');

/** An engine that says what it was recorded to say, in a folder of its own on PATH; and how often it was asked. */
async function recordedEngine(runtime: 'podman' | 'docker', answers: Readonly<Record<string, string>>): Promise<{ readonly client: EngineClient; readonly asked: readonly Command[] }> {
  const dir = await tempDir('longhaul-engine-');
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  writeTree(dir.path, [{ path: runtime, file: '#!/bin/sh\ncat "$ANSWERS/$1"\n', mode: 0o755 }, ...Object.entries(answers).map(([path, file]) => ({ path, file }))]);
  const asked: Command[] = [];
  const real = systemRunner({ engine: 'node' });
  const runner: ProcessRunner = {
    run: async (command): Promise<Outcome> => {
      asked.push(command);
      return real.run(command);
    },
    spawn: async (command) => real.spawn(command),
    detach: async (command) => real.detach(command),
  };
  const env = { PATH: `${dir.path}:/usr/bin:/bin`, ANSWERS: dir.path };
  return { client: new EngineClient({ runtime, runner, env, answerMs: 60_000 }), asked };
}

/** 300 containers as docker lists them. */
const many = Array.from({ length: 300 }, (_, index) => JSON.stringify({ ID: index.toString(16).padStart(64, '0'), Names: `job-${String(index)}`, State: 'running', Status: 'Up 2 hours' })).join('\n');

test('what is called inside a job gives the engine nothing of that job, and nothing of ours', () => {
  const runner = systemRunner({ engine: 'node' });
  const env = { PATH: '/usr/bin', HOME: '/home/x', LONGHAUL_RUN_ID: '01J0000000000000000000000A', LONGHAUL_STATE_DIR: '/state', DOCKER_HOST: 'unix:///x' };
  const client = new EngineClient({ runtime: 'podman', runner, env, answerMs: 1000 });
  expect(client.environment()).toEqual({ PATH: '/usr/bin', HOME: '/home/x', DOCKER_HOST: 'unix:///x', LC_ALL: 'C' });
});

test('a list of 300 containers is one question, with all details two', async () => {
  const { client, asked } = await recordedEngine('docker', { ps: many, container: fixture('docker/inspect.json') });
  const listing = await listContainers(client);
  expect(listing.kind === 'answered' ? listing.containers.length : null).toBe(300);
  expect(asked).toHaveLength(1);
  await listContainers(client, { detail: 'full' });
  expect(asked.map(({ args }) => args?.[0])).toEqual(['ps', 'ps', 'container']);
  expect(asked[2]?.args).toHaveLength(2 + 300);
});

test('a list that cannot be read is unknown, not empty', async () => {
  const { client } = await recordedEngine('podman', { ps: 'WARN[0000] something\n' });
  expect(await listContainers(client)).toMatchObject({ kind: 'unknown', cause: { code: 'BACKEND_UNAVAILABLE' } });
});

const podmanInfo = JSON.stringify({ host: { security: { rootless: false }, serviceIsRemote: true }, version: { Version: '4.3.1' } });

test.each([
  ['a podman of this machine is asked for its version only', { version: '{"Client":{"APIVersion":"4.3.1","Version":"4.3.1"}}' }, { server: 'podman', place: 'local' }, ['version']],
  ['of one that is the client of another machine all is asked', { version: '{"Client":{"Version":"4.3.1"},"Server":{"Version":"4.3.1"}}', info: podmanInfo }, { server: 'podman', place: 'remote' }, ['version', 'info']],
  ['of one that says something else, too', { version: 'Client: Docker Engine', info: '{"ServerVersion":"28.2.2"}' }, { server: 'docker' }, ['version', 'info']],
] as const)('%s', async (_, answers, facts, questions) => {
  const { client, asked } = await recordedEngine('podman', answers);
  expect(await engineFacts(client)).toMatchObject({ runtime: 'podman', ...facts });
  expect(asked.map(({ args }) => args?.[0])).toEqual(questions);
});

test('a podman that does not answer is unavailable', async () => {
  const { client } = await recordedEngine('podman', {});
  await expect(engineFacts(client)).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
});

const recordedContainer = (name: string): ContainerInfo => {
  const found = parseInspect(fixture('podman/inspect.json')).find((info) => info.name === name);
  if (found === undefined) throw new Error(`${name} is not in the fixture`);
  return found;
};

test('looking never types, and no signal of the viewer reaches the job; whoever types is told the keys to leave by', async () => {
  const { client } = await recordedEngine('podman', {});
  const tty = recordedContainer('tty');
  const looking = attachCommand(client, tty, { mode: 'read-only' });
  expect(looking.args).toEqual(expect.arrayContaining(['attach', '--sig-proxy=false', '--no-stdin', tty.id]));
  const typing = attachCommand(client, tty, { mode: 'read-write' });
  expect(typing.args).not.toContain('--no-stdin');
  expect(typing.leaveKeys).toBe('Ctrl-\\ Ctrl-\\');
});

test('a program beside the job gets a terminal only where the caller has one, and its arguments as they are', async () => {
  const { client } = await recordedEngine('podman', {});
  const info = recordedContainer('train');
  const argv = ['sh', '-c', 'echo "$HOME"; ls *', '--', '-it'];
  expect(execCommand(client, info, { argv, terminal: 'no' }).args).toEqual(['exec', '--interactive', info.id, ...argv]);
  expect(execCommand(client, info, { argv, terminal: 'yes', workingDir: '../x' }).args).toEqual(expect.arrayContaining(['--tty', '--workdir', '/x']));
});
