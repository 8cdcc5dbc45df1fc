import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

import type { RunDirectory, RunId, SessionName } from '@longhaul/sessions';
import { asRunId, asSessionName } from '@longhaul/sessions';

import type { ContainerInfo } from './container-info.ts';

/** Labels by which a container is known to be ours (design §4.4). */
export const OWNER_LABELS = {
  session: 'io.longhaul.session',
  run: 'io.longhaul.run',
  /** Which state directory has its record: two of them may well have a session of the same name. */
  state: 'io.longhaul.state',
} as const;

/** Whose container it is. */
export interface ContainerOwner {
  readonly session: SessionName;
  readonly runId: RunId;
  readonly stateId: string;
}

/** Short name of a state directory for a label; the path itself would tell every user of the engine where it is. */
export function stateIdOf(stateDir: string): string {
  return createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16);
}

/** The labels of a run's container. */
export function ownerLabels(run: RunDirectory): Readonly<Record<string, string>> {
  return { [OWNER_LABELS.session]: run.session, [OWNER_LABELS.run]: run.runId, [OWNER_LABELS.state]: stateIdOf(run.stateDir) };
}

/** The owner that a container's labels name; null for a foreign one, also where somebody wrote nonsense into our labels. */
export function ownerOf({ labels }: Pick<ContainerInfo, 'labels'>): ContainerOwner | null {
  const session = asSessionName(labels[OWNER_LABELS.session] ?? '');
  const runId = asRunId(labels[OWNER_LABELS.run] ?? '');
  const stateId = labels[OWNER_LABELS.state];
  return session === null || runId === null || stateId === undefined ? null : { session, runId, stateId };
}
