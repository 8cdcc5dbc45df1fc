import type { ContainerRuntime } from '@longhaul/sessions';

import type { EngineClient } from './engine-client.ts';

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
export async function probeEngine(client: EngineClient, options: { readonly signal?: AbortSignal } = {}): Promise<EngineProbe> {
  await Promise.resolve([client, options]);
  throw new Error('not written yet');
}
