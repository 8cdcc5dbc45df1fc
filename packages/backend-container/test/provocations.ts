import type { TestEngine } from '@longhaul/testbed';
import { TEST_IMAGES } from '@longhaul/testbed';

import type { EngineFailureKind } from '../src/engine/index.ts';

/** Something that an engine refuses, and what it must be taken for. */
export interface Provocation {
  readonly what: string;
  readonly args: readonly string[];
  readonly why: EngineFailureKind;
  readonly only?: 'podman' | 'docker';
}

const create = (...more: readonly string[]): readonly string[] => ['create', '--network', 'none', '--pull', 'never', ...more];
const image = TEST_IMAGES.plain;

/** Containers that the provocations are about: `busy` runs, `ended` has ended, `nocmd` and `noexec` cannot start. */
export async function prepareProvocations(engine: TestEngine): Promise<void> {
  const inNoNetwork = ['--network', 'none', '--name'];
  await engine.run('run', '--detach', ...inNoNetwork, 'busy', image, 'sleep', '1000');
  await engine.run('run', ...inNoNetwork, 'ended', image, 'true');
  await engine.run('create', ...inNoNetwork, 'nocmd', image, 'nosuchprogram');
  await engine.run('create', ...inNoNetwork, 'noexec', image, '/tmp');
}

/** Each is really done to the engine by failures.integration.test.ts; what was said is in fixtures/failures.json. */
export const PROVOCATIONS: readonly Provocation[] = [
  ...['logs', 'start', 'stop', 'wait', 'kill', 'attach'].map((verb) => ({ what: `${verb} nothing`, args: [verb, 'nope'], why: 'absent' as const })),
  { what: 'inspect nothing', args: ['container', 'inspect', 'nope'], why: 'absent' },
  { what: 'exec in nothing', args: ['exec', 'nope', 'true'], why: 'absent' },
  { what: 'a taken name', args: create('--name', 'busy', image), why: 'name-taken' },
  { what: 'an image that is not there', args: create('localhost/nope:1'), why: 'no-image' },
  { what: 'inspect an image that is not there', args: ['image', 'inspect', 'localhost/nope:1'], why: 'no-image' },
  { what: 'a registry that does not answer', args: ['pull', '127.0.0.1:1/nope:1'], why: 'image-unavailable' },
  { what: 'a folder that is not there', args: create('--mount', 'type=bind,src=/no/such,dst=/x', image), why: 'bad-mount' },
  { what: 'a relative target', args: create('--mount', 'type=bind,src=/tmp,dst=x', image), why: 'bad-mount' },
  { what: 'a target twice', args: create('--mount', 'type=bind,src=/tmp,dst=/x', '--mount', 'type=bind,src=/var,dst=/x', image), why: 'bad-mount' },
  { what: 'an unknown option', args: create('--nosuch', image), why: 'bad-option' },
  { what: 'an impossible port', args: create('--publish', '99999:1', image), why: 'bad-option' },
  { what: 'a name of an image in upper case', args: create('Upper:case'), why: 'bad-option' },
  { what: 'too little memory', args: create('--memory', '1k', image), why: 'bad-option', only: 'docker' },
  { what: 'more processors than there are', args: create('--cpus', '100000', image), why: 'bad-option', only: 'docker' },
  { what: 'a network that is not there', args: ['create', '--network', 'nope', image], why: 'no-network', only: 'podman' },
  { what: 'a program that is not there', args: ['start', 'nocmd'], why: 'not-executable' },
  { what: 'a program that cannot be executed', args: ['start', 'noexec'], why: 'not-executable' },
  { what: 'remove what runs', args: ['rm', 'busy'], why: 'in-use' },
  { what: 'exec in what has ended', args: ['exec', 'ended', 'true'], why: 'not-running' },
  { what: 'attach to what has ended', args: ['attach', 'ended'], why: 'not-running' },
  { what: 'kill what has ended', args: ['kill', 'ended'], why: 'not-running' },
];
