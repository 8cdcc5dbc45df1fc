import { mkdirSync, rmSync, symlinkSync } from 'node:fs';

import { systemRunner } from '@longhaul/exec';
import { tempDir, writeTree } from '@longhaul/testbed';
import { expect, onTestFinished, test } from 'vitest';

import { EngineSet } from '../src/engine-set.ts';

/** Engines in a folder that is the whole PATH. */
async function present(programs: Readonly<Record<string, string>>, host?: string): Promise<readonly string[]> {
  const dir = await tempDir('longhaul-engines-');
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  writeTree(dir.path, Object.entries(programs).map(([path, file]) => ({ path, file, mode: 0o755 })));
  const env = { PATH: dir.path, DOCKER_HOST: host ?? `unix://${dir.join('docker.sock')}` };
  return new EngineSet({ runtimes: null, runner: systemRunner({ engine: 'node' }), env, answerMs: 1000 }).present().map(({ runtime }) => runtime);
}

const PROGRAM = '\u007fELF not a script, and it says podman somewhere';

test('podman and docker are two engines', async () => {
  expect(await present({ podman: PROGRAM, docker: PROGRAM })).toEqual(['podman', 'docker']);
});

test("a docker that is a script which calls podman is podman's second name, unless there is no other", async () => {
  const alias = '#!/bin/sh\n[ -e /etc/containers/nodocker ] || echo "Emulate Docker CLI using podman." >&2\nexec /usr/bin/podman "$@"\n';
  expect(await present({ podman: PROGRAM, docker: alias })).toEqual(['podman']);
  expect(await present({ docker: alias })).toEqual(['docker']);
  expect(await present({ podman: PROGRAM, docker: '#!/bin/sh\nexec /opt/docker/docker "$@"\n' })).toEqual(['podman', 'docker']);
});

test("a docker that is led to podman's socket is podman too", async () => {
  expect(await present({ podman: PROGRAM, docker: PROGRAM }, 'unix:///run/user/1000/podman/podman.sock')).toEqual(['podman']);
  const dir = await tempDir('longhaul-socket-');
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  mkdirSync(dir.join('podman'));
  writeTree(dir.path, [{ path: 'podman/podman.sock', file: '' }]);
  symlinkSync(dir.join('podman/podman.sock'), dir.join('docker.sock'));
  expect(await present({ podman: PROGRAM, docker: PROGRAM }, `unix://${dir.join('docker.sock')}`)).toEqual(['podman']);
  rmSync(dir.join('docker.sock'));
  expect(await present({ podman: PROGRAM, docker: PROGRAM }, `unix://${dir.join('docker.sock')}`)).toEqual(['podman', 'docker']);
});
