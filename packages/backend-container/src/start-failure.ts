import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { OpsError } from '@longhaul/errors';
import { BackendUnavailableError, SessionExistsError, SessionStartError } from '@longhaul/errors';
import type { ContainerRuntime, RunDirectory } from '@longhaul/sessions';
import { LAUNCH_FILES } from '@longhaul/sessions';

import type { EngineFailureKind } from './engine/index.ts';
import { classifyFailure } from './engine/index.ts';

/** The error for a run whose record says `start-failed`: the engine's own words, and what to do about them. */
export function startFailure(run: RunDirectory, runtime: ContainerRuntime): OpsError {
  const evidence = readStartError(run) ?? `${runtime} did not say why`;
  const why = classifyFailure(evidence);
  if (why === 'name-taken') return new SessionExistsError(run.session, runtime, { hint: `${runtime} has a container of this name. See it: ${runtime} ps -a --filter name=${run.session}. Choose another name, or remove it` });
  if (why === 'unknown' && /cannot connect|connection refused|no such file or directory.*\.sock/i.test(evidence)) return new BackendUnavailableError(runtime, evidence);
  const hint = HINTS[why];
  return new SessionStartError(run.session, 'container', evidence, hint === undefined ? {} : { hint });
}

const HINTS: Partial<Record<EngineFailureKind, string>> = {
  'no-image': 'Fetch it first, or allow it to be fetched: --pull missing',
  'image-unavailable': 'Is its name right, and may you read it? Log in with `podman login` or `docker login`',
  'port-taken': 'Another program listens there, or another container. Choose another port of this machine: -p OTHER:PORT',
  'bad-mount': 'Make the folder, or name another one: -v HOST:CONTAINER',
  'not-executable': 'Is the program in the image, by this name and path? Commands are run without a shell: use sh -c "…" for one line of shell',
  'no-limits': 'The engine asks for higher limits than this machine allows you. Name lower ones in ~/.config/containers/containers.conf: [containers] default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
  'no-network': 'See the networks that there are: podman network ls, docker network ls',
  'no-space': 'Make room: podman system df, docker system df',
  'no-permission': 'May you use the engine? docker: group docker. podman: subordinate uids (see longhaul doctor)',
};

/** What the launcher wrote down, without its own first word; null where it wrote nothing. */
function readStartError(run: RunDirectory): string | null {
  try {
    const text = readFileSync(join(run.path, LAUNCH_FILES.startError), 'utf8').trim().replace(/^(?:create|start): /, '');
    return text === '' ? null : text;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'ENOENT' ? null : `why it could not be started stands in ${LAUNCH_FILES.startError}, which cannot be read (${code})`;
  }
}
