import type { RunReading } from './run-reader.ts';
import type { RunVerdict } from './run-verdict.ts';
import { hasEnded } from './run-verdict.ts';
import { runIdTime } from './run-id.ts';
import type { BackendKind } from './session-spec.ts';
import type { SessionState } from './session-state.ts';
import type { SessionStatus } from './session-status.ts';

/** What {@link statusFromRun} is made of. */
export interface StatusSource {
  readonly reading: RunReading;
  readonly verdict: RunVerdict;
  /** Where spec.json cannot be read: what the claim says. */
  readonly backend?: BackendKind | null;
}

/**
 * What the record alone tells of a run. A backend adds `terminal`, `windowCount`, `attachedClients` and `socketName`:
 * until it has, the terminal of a running job is `unknown`, that of an ended one `none`.
 */
export function statusFromRun({ reading: { run, spec, records }, verdict, backend = null }: StatusSource): SessionStatus {
  const end = hasEnded(verdict) ? verdict : null;
  return {
    name: run.session,
    backend: spec?.backend ?? backend ?? 'tmux',
    state: stateOf(verdict),
    terminal: end === null ? 'unknown' : 'none',
    pid: verdict.kind === 'running' ? verdict.pid : null,
    createdAt: spec?.createdAt ?? runIdTime(run.runId).toISOString(),
    startedAt: records.start?.startedAt ?? null,
    endedAt: end?.endedAt ?? null,
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    reason: end?.reason ?? null,
    stoppedBy: end?.stoppedBy ?? null,
    runId: run.runId,
    attempt: spec?.attempt ?? 1,
    command: spec?.command ?? [],
    workingDir: spec?.workingDir ?? null,
    image: null,
    windowCount: null,
    socketName: null,
    managed: true,
    attachedClients: 0,
    unknownReason: unknownReasonOf(verdict),
  };
}

function stateOf(verdict: RunVerdict): SessionState {
  return verdict.kind === 'starting' ? 'unknown' : verdict.kind;
}

function unknownReasonOf(verdict: RunVerdict): string | null {
  if (verdict.kind === 'starting') return 'it is being started';
  return verdict.kind === 'unknown' ? verdict.reason : null;
}
