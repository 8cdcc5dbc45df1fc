import type { ContainerRuntime, LogChunk, LogOptions, SessionStatus } from '@longhaul/sessions';

import type { ContainerInfo } from './container-info.ts';
import type { EngineClient } from './engine-client.ts';

/** The status of a container that has no record of ours: what its engine says, labelled foreign. `socketName` is the engine. */
export function foreignStatus(info: ContainerInfo, runtime: ContainerRuntime): SessionStatus {
  void [info, runtime];
  throw new Error('not written yet');
}

/**
 * The log that the engine keeps of a container. Offsets count the bytes of this reading; `after` is refused: the engine has no offsets.
 *
 * @throws SessionConfigError for `after` and `runId`; BackendUnavailableError; SessionNotFoundError
 */
export async function* foreignLog(client: EngineClient, info: ContainerInfo, options: LogOptions): AsyncGenerator<LogChunk> {
  await Promise.resolve([client, info, options]);
  yield* [];
  throw new Error('not written yet');
}
