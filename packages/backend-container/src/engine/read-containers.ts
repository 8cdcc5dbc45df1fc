import type { BackendUnavailableError } from '@longhaul/errors';

import type { ContainerInfo } from './container-info.ts';
import type { EngineClient } from './engine-client.ts';

/** All containers of one engine, ended ones too; or why it cannot be asked. */
export type ContainerListing =
  | { readonly kind: 'answered'; readonly containers: readonly ContainerInfo[] }
  | { readonly kind: 'unknown'; readonly cause: BackendUnavailableError };

/** What an engine says of one container. */
export type ContainerPresence =
  | { readonly kind: 'present'; readonly info: ContainerInfo }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly cause: BackendUnavailableError };

/**
 * All containers by ONE spawn (`ps -a`), however many there are (design §4.1). docker's `ps` says neither pid, times of start and end nor OOM:
 * these are null; `detail: 'full'` asks for them by one more spawn, one `inspect` of all.
 *
 * @throws ContainerRuntimeNotFoundError
 */
export async function listContainers(client: EngineClient, options: { readonly detail?: 'summary' | 'full'; readonly signal?: AbortSignal } = {}): Promise<ContainerListing> {
  await Promise.resolve([client, options]);
  throw new Error('not written yet');
}

/** One container by whole id or exact name (`container inspect`: never an image of that name). @throws ContainerRuntimeNotFoundError */
export async function inspectContainer(client: EngineClient, nameOrId: string, options: { readonly signal?: AbortSignal } = {}): Promise<ContainerPresence> {
  await Promise.resolve([client, nameOrId, options]);
  throw new Error('not written yet');
}
