import type { RecordedSpec } from './recorded-spec.ts';
import type { RestartLoop } from './restart/restart-loop.ts';
import type { RunReading } from './run-reader.ts';
import type { RunVerdict } from './run-verdict.ts';
import { hasEnded } from './run-verdict.ts';
import { runIdTime } from './run-id.ts';
import type { BackendKind } from './session-spec.ts';
import type { SessionState } from './session-state.ts';
import type { RestartStatus, SessionStatus } from './session-status.ts';
import { EMPTY_STATUS } from './session-status.ts';

/** What {@link statusFromRun} is made of. */
export interface StatusSource {
  readonly reading: RunReading;
  readonly verdict: RunVerdict;
  /** What comes after the run; nothing where it is not given. */
  readonly loop?: RestartLoop;
  /** Where spec.json cannot be read: what the claim says. */
  readonly backend?: BackendKind | null;
}

/**
 * What the record alone tells of a run. A backend adds `terminal`, `windowCount`, `attachedClients` and `socketName`:
 * until it has, the terminal of a running job is `unknown`, that of an ended one `none`.
 */
export function statusFromRun({ reading: { run, spec, records }, verdict, loop = NOTHING_FOLLOWS, backend = null }: StatusSource): SessionStatus {
  const end = hasEnded(verdict) ? verdict : null;
  const state = stateOf(verdict, { loop, attempt: spec?.attempt ?? 1 });
  return {
    ...EMPTY_STATUS,
    name: run.session,
    backend: spec?.backend ?? backend ?? 'tmux',
    state,
    terminal: end === null || state === 'restarting' ? 'unknown' : 'none',
    pid: verdict.kind === 'running' ? verdict.pid : null,
    createdAt: spec?.createdAt ?? runIdTime(run.runId).toISOString(),
    startedAt: records.start?.startedAt ?? null,
    endedAt: end?.endedAt ?? null,
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    oomKilled: end?.oomKilled ?? null,
    reason: end?.reason ?? (verdict.kind === 'unknown' && verdict.why === 'abandoned' ? 'abandoned' : null),
    stoppedBy: end?.stoppedBy ?? (loop.kind === 'over' ? loop.stoppedBy : null),
    runId: run.runId,
    attempt: spec?.attempt ?? 1,
    restart: spec === null ? null : restartStatus(spec, loop),
    ready: spec === null || spec.ready === null ? null : { check: spec.ready.kind, at: records.ready?.at ?? null },
    command: spec?.command ?? [],
    workingDir: spec?.workingDir ?? null,
    image: spec?.container?.image ?? null,
    unknownReason: state === 'unknown' ? unknownReasonOf(verdict) : null,
  };
}

const NOTHING_FOLLOWS: RestartLoop = { kind: 'none' };

function stateOf(verdict: RunVerdict, { loop, attempt }: { readonly loop: RestartLoop; readonly attempt: number }): SessionState {
  if (loop.kind === 'waiting') return 'restarting';
  // Its run ended by itself, the loop did not.
  if (loop.kind === 'over' && loop.why === 'stopped') return 'stopped';
  if (verdict.kind === 'starting') return attempt > 1 ? 'restarting' : 'unknown';
  return verdict.kind;
}

function restartStatus({ restart: { mode, maxRestarts }, restarts, firstRunId, previous }: RecordedSpec, loop: RestartLoop): RestartStatus | null {
  if (mode === 'no') return null;
  return {
    mode,
    maxRestarts,
    inRow: restarts,
    firstRunId,
    previous,
    next: loop.kind === 'waiting' ? { attempt: loop.attempt, at: loop.at } : null,
    problem: loop.kind === 'waiting' ? loop.problem : null,
    ended: loop.kind === 'over' ? loop.why : null,
  };
}

function unknownReasonOf(verdict: RunVerdict): string | null {
  if (verdict.kind === 'starting') return 'it is being started';
  return verdict.kind === 'unknown' ? verdict.reason : null;
}
