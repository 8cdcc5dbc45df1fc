import { posix } from 'node:path';

import type { AttachCommand, AttachOptions } from '@longhaul/sessions';

import type { ContainerInfo } from './container-info.ts';
import type { EngineClient } from './engine-client.ts';

/** What the engine reads as "leave, the job goes on": two keys that no line editor uses, unlike its own default, which swallows ctrl-p. */
export const DETACH_KEYS = 'ctrl-\\,ctrl-\\';

/** The same keys for a person. */
const LEAVE_KEYS = 'Ctrl-\\ Ctrl-\\';

/** What the caller runs with their own terminal to see and use the container's process 1. */
export function attachCommand(client: EngineClient, info: ContainerInfo, { mode }: AttachOptions): AttachCommand {
  // Without a terminal of its own nothing reads keys: Ctrl-C then ends the looking, and never the job.
  const args = ['attach', '--sig-proxy=false', `--detach-keys=${DETACH_KEYS}`, ...(mode === 'read-only' ? ['--no-stdin'] : []), info.id];
  return { program: client.program(), args, env: client.environment(), leaveKeys: mode === 'read-only' || info.terminal === 'no' ? 'Ctrl-C' : LEAVE_KEYS };
}

/** What the caller runs for a program beside the job. `terminal`: what the caller has. */
export function execCommand(client: EngineClient, info: ContainerInfo, { argv, terminal, workingDir }: { readonly argv: readonly string[]; readonly terminal: 'yes' | 'no'; readonly workingDir?: string | undefined }): AttachCommand {
  const directory = workingDir === undefined ? [] : ['--workdir', posix.resolve(info.workingDir ?? '/', workingDir)];
  const args = ['exec', '--interactive', ...(terminal === 'yes' ? ['--tty', `--detach-keys=${DETACH_KEYS}`] : []), ...directory, info.id, ...argv];
  return { program: client.program(), args, env: client.environment() };
}
