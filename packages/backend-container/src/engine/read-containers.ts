import type { BackendUnavailableError } from '@longhaul/errors';

import type { ContainerInfo } from './container-info.ts';
import type { EngineClient } from './engine-client.ts';
import { parseInspect, parseListing, psArgs } from './normalise.ts';

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
export async function listContainers(client: EngineClient, { detail = 'summary', signal }: { readonly detail?: 'summary' | 'full'; readonly signal?: AbortSignal } = {}): Promise<ContainerListing> {
  const options = signal === undefined ? {} : { signal };
  const answer = await client.ask(psArgs(client.runtime), options);
  if (answer.kind === 'failed') return { kind: 'unknown', cause: client.unavailable(answer) };
  const containers = parseListing(answer.stdout);
  if (containers === null) return { kind: 'unknown', cause: client.unavailable({ evidence: 'its list of containers cannot be read' }) };
  if (detail === 'summary' || containers.length === 0) return { kind: 'answered', containers };
  // Of those that went meanwhile nothing is said, of the others all.
  const full = await client.ask(['container', 'inspect', ...containers.map(({ id }) => id)], options);
  if (full.kind === 'failed' && full.why !== 'absent') return { kind: 'unknown', cause: client.unavailable(full) };
  return { kind: 'answered', containers: parseInspect(full.stdout) };
}

/** One container by whole id or exact name (`container inspect`: never an image of that name). @throws ContainerRuntimeNotFoundError */
export async function inspectContainer(client: EngineClient, nameOrId: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<ContainerPresence> {
  const answer = await client.ask(['container', 'inspect', nameOrId], signal === undefined ? {} : { signal });
  if (answer.kind === 'failed') return answer.why === 'absent' ? { kind: 'absent' } : { kind: 'unknown', cause: client.unavailable(answer) };
  const [info] = parseInspect(answer.stdout);
  if (info === undefined) return { kind: 'unknown', cause: client.unavailable({ evidence: 'what it says of a container cannot be read' }) };
  // A part of an id finds a container too.
  return info.id === nameOrId || info.name === nameOrId ? { kind: 'present', info } : { kind: 'absent' };
}
