import { existsSync } from 'node:fs';
import { hostname, release } from 'node:os';

import type { ContainerRuntime } from '@longhaul/sessions';

import type { EngineClient } from './engine-client.ts';
import type { JsonObject } from './json-values.ts';
import { objectOf, parseJson, textOf, textsOf } from './json-values.ts';

/** What an engine is and can do. */
export interface EngineProbe {
  readonly runtime: ContainerRuntime;
  readonly program: string;
  /** What answers behind the program: `docker` may be podman's own stand-in for it, or lead to podman's socket. */
  readonly server: 'podman' | 'docker';
  /** Of what answers. */
  readonly version: string;
  readonly privileges: 'rootless' | 'rootful';
  /** Whether `--init` works: podman without catatonit refuses it. */
  readonly init: 'yes' | 'no';
  readonly cgroupVersion: 1 | 2 | null;
  readonly logDrivers: readonly string[];
  /** Whether containers are processes of this machine; `remote` where a machine or DOCKER_HOST is between. */
  readonly place: 'local' | 'remote';
}

/** What the engine says of itself: one spawn. @throws ContainerRuntimeNotFoundError, BackendUnavailableError */
export async function probeEngine(client: EngineClient, { signal }: { readonly signal?: AbortSignal } = {}): Promise<EngineProbe> {
  const answer = await client.ask(['info', '--format', '{{json .}}'], signal === undefined ? {} : { signal });
  if (answer.kind === 'failed') throw client.unavailable(answer);
  const raw = objectOf(parseJson(answer.stdout));
  const base = { runtime: client.runtime, program: client.program() };
  if (raw['host'] !== undefined) return { ...base, ...podmanFacts(raw) };
  // docker's client answers without its daemon, too: with errors in place of facts.
  if (typeof raw['ServerVersion'] !== 'string' || raw['ServerVersion'] === '') {
    throw client.unavailable({ evidence: textsOf(raw['ServerErrors'])[0] ?? 'it says nothing of its daemon' });
  }
  return { ...base, ...dockerFacts(raw) };
}

/** What a start must know of an engine. */
export type EngineFacts = Pick<EngineProbe, 'runtime' | 'server' | 'init' | 'place'>;

/**
 * {@link EngineFacts} by the cheapest question. `podman info` asks the package manager some fifteen times for the versions of its tools (0.3 s of processor time,
 * against 0.04); `podman version` names a server only where it is the client of one on another machine, or is something else by that name: then it is asked all the same.
 *
 * @throws ContainerRuntimeNotFoundError, BackendUnavailableError
 */
export async function engineFacts(client: EngineClient): Promise<EngineFacts> {
  if (client.runtime !== 'podman') return probeEngine(client);
  const answer = await client.ask(['version', '--format', '{{json .}}']);
  if (answer.kind === 'failed') throw client.unavailable(answer);
  const raw = objectOf(parseJson(answer.stdout));
  const isLocal = textOf(objectOf(raw['Client'])['Version']) !== null && raw['Server'] === undefined;
  return isLocal ? { runtime: client.runtime, server: 'podman', init: podmanInit(), place: 'local' } : probeEngine(client);
}

function podmanInit(): EngineProbe['init'] {
  return CATATONIT.some((path) => existsSync(path)) ? 'yes' : 'no';
}

type Facts = Omit<EngineProbe, 'runtime' | 'program'>;

function podmanFacts(raw: JsonObject): Facts {
  const host = objectOf(raw['host']);
  const rootless = objectOf(host['security'])['rootless'] === true;
  return {
    server: 'podman',
    version: textOf(objectOf(raw['version'])['Version']) ?? 'unknown',
    privileges: rootless ? 'rootless' : 'rootful',
    init: podmanInit(),
    cgroupVersion: host['cgroupVersion'] === 'v1' ? 1 : host['cgroupVersion'] === 'v2' ? 2 : null,
    logDrivers: textsOf(objectOf(raw['plugins'])['log']),
    place: host['serviceIsRemote'] === true ? 'remote' : 'local',
  };
}

/** Where podman looks for it, and where distributions put it. */
const CATATONIT = ['/usr/libexec/podman/catatonit', '/usr/local/libexec/podman/catatonit', '/usr/local/lib/podman/catatonit', '/usr/lib/podman/catatonit', '/usr/libexec/catatonit/catatonit', '/usr/bin/catatonit'];

function dockerFacts(raw: JsonObject): Facts {
  const security = textsOf(raw['SecurityOptions']);
  return {
    server: 'docker',
    version: textOf(raw['ServerVersion']) ?? 'unknown',
    privileges: security.some((option) => option.includes('rootless')) ? 'rootless' : 'rootful',
    init: textOf(raw['InitBinary']) === null ? 'no' : 'yes',
    cgroupVersion: raw['CgroupVersion'] === '1' ? 1 : raw['CgroupVersion'] === '2' ? 2 : null,
    logDrivers: textsOf(objectOf(raw['Plugins'])['Log']),
    // The daemon of this kernel runs its containers as processes of this machine; Docker Desktop's has one of its own.
    place: process.platform === 'linux' && raw['KernelVersion'] === release() && raw['Name'] === hostname() ? 'local' : 'remote',
  };
}
