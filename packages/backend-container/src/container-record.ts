import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ContainerRuntime, RunDirectory } from '@longhaul/sessions';

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
  const path = join(run.path, CONTAINER_RECORD);
  const staging = `${path}.tmp`;
  writeFileSync(staging, `${JSON.stringify({ schemaVersion: 1, ...record })}\n`, { mode: 0o600 });
  renameSync(staging, path);
}

/** null where the run never came so far, or the record cannot be read: then nothing is known of a container. */
export function readContainerRecord(run: RunDirectory): ContainerRecord | null {
  try {
    return parse(JSON.parse(readFileSync(join(run.path, CONTAINER_RECORD), 'utf8')));
  } catch {
    return null;
  }
}

function parse(raw: unknown): ContainerRecord | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { runtime, containerName, terminal } = raw as Record<string, unknown>;
  if ((runtime !== 'podman' && runtime !== 'docker') || typeof containerName !== 'string') return null;
  return { runtime, containerName, terminal: terminal === 'yes' ? 'yes' : 'no' };
}

/** The id that the engine gave, or null where the container was never made. */
export function readContainerId(run: RunDirectory): string | null {
  try {
    const id = readFileSync(join(run.path, 'cid'), 'utf8').trim();
    return /^[0-9a-f]{12,64}$/.test(id) ? id : null;
  } catch {
    return null;
  }
}
