import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { BackendUnavailableError } from '@longhaul/errors';
import type { ContainerRuntime, RunDirectory } from '@longhaul/sessions';
import { writeWholeFile } from '@longhaul/sessions';

/** container.json in a run's directory: which engine has its container. Written before the engine is asked, carried over to later attempts. */
export interface ContainerRecord {
  readonly runtime: ContainerRuntime;
  readonly containerName: string;
  readonly terminal: 'yes' | 'no';
}

/** The name of the file. */
export const CONTAINER_RECORD = 'container.json';

/** Appears whole or not at all. */
export function writeContainerRecord(run: RunDirectory, record: ContainerRecord): void {
  writeWholeFile(join(run.path, CONTAINER_RECORD), `${JSON.stringify({ schemaVersion: 1, ...record })}\n`);
}

/**
 * null where the run never came so far.
 *
 * @throws BackendUnavailableError where it cannot be read: which engine has the container is then unknown, not that there is none
 */
export function readContainerRecord(run: RunDirectory): ContainerRecord | null {
  const path = join(run.path, CONTAINER_RECORD);
  const text = readIfThere(path);
  if (text === null) return null;
  const record = parse(text);
  if (record === null) throw unreadable(path, 'it is damaged');
  return record;
}

/** The id that the engine gave, or null where the container was never made. @throws BackendUnavailableError where it cannot be read */
export function readContainerId(run: RunDirectory): string | null {
  const id = readIfThere(join(run.path, 'cid'))?.trim() ?? '';
  // Empty between its creation by the engine and its first byte.
  return /^[0-9a-f]{12,64}$/.test(id) ? id : null;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    if (code === 'ENOENT') return null;
    throw unreadable(path, code, cause);
  }
}

function unreadable(path: string, why: string, cause?: unknown): BackendUnavailableError {
  return new BackendUnavailableError('container', `where the container is stands in ${path}, which cannot be read (${why})`, { cause });
}

function parse(text: string): ContainerRecord | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    // No JSON: damaged, which the caller says.
    return null;
  }
  if (typeof raw !== 'object' || raw === null) return null;
  const { runtime, containerName, terminal } = raw as Record<string, unknown>;
  if ((runtime !== 'podman' && runtime !== 'docker') || typeof containerName !== 'string' || (terminal !== 'yes' && terminal !== 'no')) return null;
  return { runtime, containerName, terminal };
}
