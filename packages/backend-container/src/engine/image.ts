import { SessionStartError } from '@longhaul/errors';
import type { ContainerSpec } from '@longhaul/sessions';

import type { EngineClient } from './engine-client.ts';
import type { EngineFailure } from './engine-failure.ts';

/** What is wanted of an image. */
export interface ImageRequest {
  readonly session: string;
  readonly image: string;
  readonly pull: ContainerSpec['pull'];
  /** Lines of the engine's progress. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes sure that the image is on this machine before a container of it is made.
 *
 * @throws SessionStartError where it is not there and may not or cannot be fetched; the reason says which; BackendUnavailableError
 */
export async function ensureImage(client: EngineClient, request: ImageRequest): Promise<'present' | 'pulled'> {
  const { session, image, pull, onProgress, signal } = request;
  const options = signal === undefined ? {} : { signal };
  if (pull !== 'always') {
    const known = await client.ask(['image', 'inspect', '--format', '{{.Id}}', image], options);
    if (known.kind === 'done') return 'present';
    if (known.why === 'bad-option') throw badName(request, known);
    if (known.why !== 'no-image') throw client.unavailable(known);
    if (pull === 'never') throw new SessionStartError(session, 'container', `the image ${image} is not on this machine`, { hint: `Fetch it: ${client.runtime} pull ${image}` });
  }
  const pulled = await client.ask(['pull', image], { ...options, timeoutMs: null, ...(onProgress === undefined ? {} : { onLine: onProgress }) });
  if (pulled.kind === 'done') return 'pulled';
  if (pulled.why === 'bad-option') throw badName(request, pulled);
  if (pulled.why === 'unknown' && /daemon/i.test(pulled.evidence)) throw client.unavailable(pulled);
  throw new SessionStartError(session, 'container', `the image ${image} could not be fetched: ${pulled.evidence}`, { hint: REGISTRY_UNREACHABLE.test(pulled.evidence) ? 'Is the name of the registry right, and does this machine reach it?' : `Is its name right, and may you read it? Log in: ${client.runtime} login` });
}

/** As Go's net package says it, in both engines. */
const REGISTRY_UNREACHABLE = /no such host|connection refused|i\/o timeout|network is unreachable|no route to host|server misbehaving/;

/** podman says so when it looks for the image, docker when it fetches it. */
function badName({ session, image }: ImageRequest, { evidence }: EngineFailure): SessionStartError {
  return new SessionStartError(session, 'container', `"${image}" cannot be the name of an image: ${evidence}`, { hint: 'Names are written in lower case: registry.example/name:tag' });
}
