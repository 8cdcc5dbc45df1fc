import type { Config, ContainerSettings, SessionSettings } from '@longhaul/config';
import { loadConfig } from '@longhaul/config';
import { SessionConfigError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import type { StartContext, StartInput } from '../src/start-input.ts';
import { requestOf } from '../src/start-input.ts';
import { scratch } from './scratch.ts';

const NO_CONTAINER: ContainerSettings = { image: null, runtime: null, pull: null, volumes: [], ports: [], workingDir: null, logVolume: null, memory: null, cpus: null, network: null, tty: null, init: null };

const TRAIN: SessionSettings = {
  backend: null,
  command: ['python', 'train.py'],
  workingDir: '/project',
  env: new Map([['A', 'file'], ['B', 'file']]),
  envFile: '/project/secrets.env',
  passEnv: ['TOKEN'],
  outputs: [{ path: 'runs', to: ['nas'], as: null, include: [], exclude: [] }],
  stop: { signal: 'TERM', timeoutMs: null },
  restart: null,
  ready: null,
  maxLogBytes: null,
  container: NO_CONTAINER,
};

async function context(train: Partial<SessionSettings> = {}): Promise<StartContext> {
  const folder = scratch();
  const { config } = await loadConfig({ cwd: folder, home: folder, env: {} });
  const sessions: Config['sessions'] = new Map([['train', { ...TRAIN, ...train }]]);
  return { config: { ...config, sessions, stop: { signal: null, timeoutMs: 60_000 } }, cwd: '/here', destinationId: (name) => `id:${name}`, onExit: ['node', 'main.js', 'run-ended'] };
}

const input = (more: Partial<StartInput> = {}): StartInput => ({ name: 'train', command: null, ...more });

describe('a start', () => {
  it('takes everything from the file where the command line says nothing', async () => {
    expect(requestOf(input(), await context())).toEqual({
      name: 'train',
      command: ['python', 'train.py'],
      workingDir: '/project',
      env: { A: 'file', B: 'file', TOKEN: null },
      envFile: '/project/secrets.env',
      outputs: [{ path: 'runs', to: ['id:nas'] }],
      stop: { signal: 'TERM', timeoutMs: 60_000 },
      onExit: ['node', 'main.js', 'run-ended'],
    });
  });

  it('puts the command line before the file', async () => {
    const request = requestOf(input({ command: ['x'], workingDir: 'sub', env: ['A=flag', 'C=a=b', 'D'], envFile: 'e', outputs: ['out'], to: ['disk', 'disk'], as: '{name}', stop: { signal: 'INT' } }), await context());
    expect(request).toMatchObject({
      command: ['x'],
      workingDir: '/here/sub',
      env: { A: 'flag', B: 'file', C: 'a=b', D: null, TOKEN: null },
      envFile: '/here/e',
      outputs: [{ path: 'runs', to: ['id:nas'] }, { path: 'out', to: ['id:disk'], as: '{name}' }],
      stop: { signal: 'INT' },
    });
  });

  it('of a name that the file does not know runs in the caller\'s folder, without a hook', async () => {
    expect(requestOf({ name: 'other', command: ['x'] }, await context())).toMatchObject({ workingDir: '/here', env: {}, outputs: [], onExit: null });
  });

  it('in a container takes the file\'s, the command line before it, and the image\'s own command', async () => {
    const container = { ...NO_CONTAINER, image: 'bot:1', volumes: ['/project/data:/data', '/project/conf:/conf:ro'], ports: ['80:80'], memory: '1g', tty: true };
    const restart = { when: 'always', delayMs: 2000, maxDelayMs: null, resetMs: 9000 };
    const prepared = await context({ backend: 'container', command: [], container, restart, ready: { kind: 'log', pattern: 'up' } });
    const flags = { volumes: ['./x:/data'], ports: ['81:81'], memory: '2g', tty: false, cpus: '0.5' };
    expect(requestOf(input({ container: flags, restart: 'on-failure:3', restartDelayMs: 50 }), prepared)).toMatchObject({
      backend: 'container',
      command: [],
      container: { image: 'bot:1', volumes: ['/project/conf:/conf:ro', './x:/data'], ports: ['80:80', '81:81'], memory: '2g', cpus: '0.5', terminal: 'no' },
      restart: { when: 'on-failure:3', delayMs: 50, resetMs: 9000 },
      ready: { kind: 'log', pattern: 'up' },
    });
  });

  it('with an image needs no word about the backend', async () => {
    expect(requestOf({ name: 'other', command: null, container: { image: 'bot:1' } }, await context())).toMatchObject({ backend: 'container', command: [], container: { image: 'bot:1' } });
  });

  it.each([
    ['without a command', { name: 'other' }, {}, /has no command/],
    ['with outputs that go nowhere', { name: 'other', command: ['x'], outputs: ['a'] }, {}, /no place where they go/],
    ['with a destination for nothing', { name: 'other', command: ['x'], to: ['nas'] }, {}, /no outputs/],
    ['with a delay before restarts that never come', { restartDelayMs: 5 }, {}, /no restart policy/],
    ['whose outputs would get one final name', { outputs: ['other/runs'], to: ['nas'] }, {}, /would get one name/],
  ] as const)('%s is refused', async (_what, more, train, message) => {
    const prepared = await context(train);
    const start = (): unknown => requestOf({ ...input(), ...more }, prepared);
    expect(start).toThrow(SessionConfigError);
    expect(start).toThrow(message);
  });
});
