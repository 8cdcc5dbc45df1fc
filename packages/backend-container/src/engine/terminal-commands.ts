import type { AttachCommand, AttachOptions } from '@longhaul/sessions';

import type { ContainerInfo } from './container-info.ts';
import type { EngineClient } from './engine-client.ts';

/** What the engine reads as "leave, the job goes on": two keys that no line editor uses, unlike its own default, which swallows ctrl-p. */
export const DETACH_KEYS = 'ctrl-\\,ctrl-\\';

/** What the caller runs with their own terminal to see and use the container's process 1. */
export function attachCommand(client: EngineClient, info: ContainerInfo, options: AttachOptions): AttachCommand {
  void [client, info, options];
  throw new Error('not written yet');
}

/** What the caller runs for a program beside the job. `terminal`: what the caller has. */
export function execCommand(client: EngineClient, info: ContainerInfo, { argv, terminal }: { readonly argv: readonly string[]; readonly terminal: 'yes' | 'no' }): AttachCommand {
  void [client, info, argv, terminal];
  throw new Error('not written yet');
}
