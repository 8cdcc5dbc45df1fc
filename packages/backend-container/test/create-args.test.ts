import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { ContainerSpec, EnvEntry, RunDirectory, SessionSpec } from '@longhaul/sessions';
import { newRunId, NO_RESTART, parseSessionName } from '@longhaul/sessions';

import type { CreatePlan, EngineProbe } from '../src/engine/index.ts';
import { createPlan } from '../src/engine/index.ts';

const session = parseSessionName('train');
const run: RunDirectory = { runId: newRunId(), session, stateDir: '/state', path: '/state/runs/r', envFile: '/state/sessions/train/env' };
const files = { cidFile: '/state/runs/r/cid', envFile: '/state/runs/r/container.env', logFile: '/state/runs/r/output.cri', logVolumeDir: '/state/runs/r/logs' };
const podman: EngineProbe = { runtime: 'podman', program: '/usr/bin/podman', server: 'podman', version: '4.3.1', privileges: 'rootful', init: 'yes', cgroupVersion: 1, logDrivers: ['k8s-file'], place: 'local' };

const container: ContainerSpec = {
  image: 'plain:1', runtime: null, pull: 'missing', volumes: [], ports: [], logVolume: null, workingDir: null, terminal: 'no', init: 'auto', memoryBytes: null, cpus: null, network: null, envNames: [],
};

function plan(more: Partial<ContainerSpec> = {}, env: readonly EnvEntry[] = [], engine: EngineProbe = podman): CreatePlan {
  const spec: SessionSpec = {
    name: session, backend: 'container', command: ['prog', '--flag', '-v'], workingDir: '/', env, secretEnv: [], umask: 0o022, terminal: { columns: 80, rows: 24 },
    outputs: [], stop: {}, onExit: null, restart: NO_RESTART, ready: null, container: { ...container, envNames: env.map(({ name }) => name), ...more },
  };
  return createPlan({ spec, run, containerName: 'train', files, engine });
}

const valueAfter = (args: readonly string[], flag: string): string | undefined => args[args.indexOf(flag) + 1];

test('no value of a variable is in the arguments, whatever it holds', () => {
  const value = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `SECRET-${text.replaceAll('\0', '')}`);
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/).map((text) => `JOB_${text}`);
  const entries = fc.uniqueArray(fc.record({ name, value }), { selector: (entry) => entry.name, maxLength: 8 });
  fc.assert(
    fc.property(entries, (env) => {
      const { args, envFileText, clientEnv } = plan({}, env);
      expect(args.join('\0')).not.toContain('SECRET-');
      // Each value goes one way, whole: by a line of the file, or by the client's environment.
      const inFile = env.filter((entry) => envFileText.includes(`${entry.name}=${entry.value}\n`));
      expect(inFile.length + clientEnv.length).toBe(env.length);
      expect(envFileText.split('\n').length - 1).toBe(inFile.length);
    }),
  );
});

test('a value that a line cannot carry goes by the environment of the client, unless its name would steer that client', () => {
  const odd = [{ name: 'KEY', value: 'a\nb' }, { name: 'CR', value: 'a\r' }, { name: 'LONG', value: 'x'.repeat(70_000) }, { name: 'with blank', value: 'b' }];
  const { args, envFileText, clientEnv } = plan({}, [...odd, { name: 'PLAIN', value: ' "quoted" # not a comment ' }]);
  expect(clientEnv).toEqual(odd);
  expect(args.filter((_, index) => args[index - 1] === '--env')).toEqual(odd.map(({ name }) => name));
  expect(envFileText).toBe('PLAIN= "quoted" # not a comment \n');
  expect(plan({}, [{ name: 'PATH', value: '/bin' }]).envFileText).toBe('PATH=/bin\n');
  for (const name of ['PATH', 'DOCKER_HOST', 'LD_PRELOAD', 'https_proxy']) expect(() => plan({}, [{ name, value: 'a\nb' }])).toThrow(name);
});

test('the command stands last, after the image, and no image is taken for an option', () => {
  expect(plan().args.slice(-4)).toEqual(['plain:1', 'prog', '--flag', '-v']);
  for (const image of ['--privileged', '-v', '']) expect(() => plan({ image })).toThrow('no name of an image');
});

test('never run, never --rm, never fetched in passing, never restarted by the engine', () => {
  const { args } = plan();
  expect(args[0]).toBe('create');
  expect(args).not.toContain('--rm');
  expect([valueAfter(args, '--pull'), valueAfter(args, '--restart')]).toEqual(['never', 'no']);
});

test('a memory limit allows no swap beyond it, so that reaching it is an OOM', () => {
  const { args } = plan({ memoryBytes: 64 * 1024 * 1024, cpus: 0.5 });
  expect([valueAfter(args, '--memory'), valueAfter(args, '--memory-swap'), valueAfter(args, '--cpus')]).toEqual(['67108864b', '67108864b', '0.5']);
});

test('paths are fields of CSV, and ports carry their address', () => {
  const { args } = plan({
    volumes: [{ source: '/a, "b" c:d', target: '/x', mode: 'ro' }, { source: 'cache', target: '/c', mode: 'rw' }],
    ports: [{ hostAddress: '::1', hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
    logVolume: '/var/log/job',
  });
  expect(args.filter((_, index) => args[index - 1] === '--mount')).toEqual([
    'type=bind,"source=/a, ""b"" c:d",target=/x,ro=true',
    'type=volume,source=cache,target=/c',
    `type=bind,source=${files.logVolumeDir},target=/var/log/job`,
  ]);
  expect(valueAfter(args, '--publish')).toBe('[::1]:8080:80/tcp');
});

test('an init process is asked for only where the engine has one', () => {
  expect(plan().args).toContain('--init');
  expect(plan({}, [], { ...podman, init: 'no' }).args).not.toContain('--init');
  expect(plan({ init: 'no' }).args).not.toContain('--init');
});

test("podman is told to keep the caller's proxies to itself; docker's client does so by itself", () => {
  expect(plan().args).toContain('--http-proxy=false');
  expect(plan({}, [], { ...podman, runtime: 'docker', server: 'docker' }).args).not.toContain('--http-proxy=false');
});
