import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { BackendNotFoundError, SessionConfigError } from '@longhaul/errors';

import { errnoOf } from '../errno.ts';
import { newRunId } from '../run-id.ts';
import type { RunStore } from '../run-store.ts';
import type { SessionBackend } from '../session-backend.ts';
import type { SessionSpec } from '../session-spec.ts';
import type { SessionStatus } from '../session-status.ts';
import { buildSessionSpec } from '../spec/build-session-spec.ts';
import type { EnvFileEntry } from '../spec/env-file.ts';
import { decodeEnvFile, parseEnvFile } from '../spec/env-file.ts';
import type { Caller, SpecWarning, StartRequest } from '../spec/start-request.ts';

/** What a start needs beside the request. */
export interface StartPorts {
  readonly runs: RunStore;
  readonly backends: readonly SessionBackend[];
  readonly caller: Caller;
  readonly onWarning: (warning: SpecWarning) => void;
}

/**
 * Starts a session as it is asked for.
 *
 * @throws SessionConfigError, SessionExistsError, SessionStartError, BackendNotFoundError, BackendUnavailableError
 */
export async function startSession(request: StartRequest, { runs, backends, caller, onWarning }: StartPorts): Promise<SessionStatus> {
  const kind = request.backend ?? backends[0]?.kind ?? 'tmux';
  const { spec, warnings } = buildSessionSpec({ ...request, backend: kind }, caller, readEnvFile(request, caller));
  requireDirectory(spec);
  requireVolumeSources(spec);
  // What is wrong with the request is said before what is missing on the machine.
  const backend = backendFor(request, backends);
  for (const warning of warnings) onWarning(warning);
  return launchSpec(spec, { runs, backend });
}

/**
 * Starts a complete spec: the name is claimed before the backend is called, and given back where that did not start it.
 *
 * @throws SessionExistsError, SessionStartError, BackendNotFoundError, BackendUnavailableError
 */
export async function launchSpec(spec: SessionSpec, { runs, backend }: { readonly runs: RunStore; readonly backend: SessionBackend }): Promise<SessionStatus> {
  const claim = await runs.claim(spec.name, newRunId(), { backend: backend.kind });
  const run = await runs.prepare(spec, claim);
  try {
    return await backend.start(spec, run);
  } catch (error) {
    await runs.release(claim);
    throw error;
  }
}

function backendFor({ backend }: StartRequest, backends: readonly SessionBackend[]): SessionBackend {
  const found = backend === undefined ? backends[0] : backends.find(({ kind }) => kind === backend);
  if (found !== undefined) return found;
  throw new BackendNotFoundError(backend ?? 'any backend', { message: `this Longhaul has no backend ${backend ?? 'at all'}` });
}

function readEnvFile({ envFile }: StartRequest, { cwd }: Caller): readonly EnvFileEntry[] {
  if (envFile === undefined) return [];
  const path = resolve(cwd, envFile);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new SessionConfigError(`the env file ${JSON.stringify(path)} cannot be read (${errnoOf(cause) ?? 'unknown error'})`, { cause });
  }
  return parseEnvFile(decodeEnvFile(bytes, { file: path }), { file: path });
}

function requireDirectory({ workingDir }: SessionSpec): void {
  let problem: string | null;
  try {
    problem = statSync(workingDir).isDirectory() ? null : 'it is not a directory';
  } catch (error) {
    problem = errnoOf(error) === 'ENOENT' ? 'it does not exist' : (errnoOf(error) ?? String(error));
  }
  if (problem !== null) throw new SessionConfigError(`the working directory ${JSON.stringify(workingDir)} cannot be used: ${problem}`, { hint: 'Make it, or name another one: -C DIR' });
}

/** docker would make a folder of root's where a path is misspelt, podman refuses without a hint. */
function requireVolumeSources({ container }: SessionSpec): void {
  for (const { source } of container?.volumes ?? []) {
    if (!source.startsWith('/') || statSync(source, { throwIfNoEntry: false }) !== undefined) continue;
    throw new SessionConfigError(`the volume source ${JSON.stringify(source)} does not exist on this machine`, { hint: `Make it first: mkdir -p ${source}` });
  }
}
