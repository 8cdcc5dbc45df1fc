import type { RunDirectory } from '../run-directory.ts';
import { siblingRun } from '../run-directory.ts';
import type { RunObservation } from '../run-observation.ts';
import { statusFromRun } from '../run-status.ts';
import { hasEnded } from '../run-verdict.ts';
import type { SessionStatus } from '../session-status.ts';
import type { ReadyProbe } from './ready-probe.ts';

/** How long to wait for readiness. */
export interface ReadyWait {
  /** Milliseconds; for ever when not given. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `once`: says how it is now, after one look. */
  readonly looks?: 'once' | undefined;
}

/** What came of it. `ended`: it was not ready before its end; `problem`: what the last look said. */
export type ReadyOutcome =
  | { readonly outcome: 'ready'; readonly status: SessionStatus }
  | { readonly outcome: 'ended'; readonly status: SessionStatus; readonly problem: string | null }
  | { readonly outcome: 'timedOut'; readonly status: SessionStatus; readonly problem: string | null };

/** What waiting stands on. */
export interface ReadyPorts {
  readonly observe: (run: RunDirectory) => RunObservation;
  /** A probe for each attempt; null where there is nothing to look for but the process. */
  readonly probe: (run: RunDirectory) => ReadyProbe | null;
  /** Writes down that it is, for all who ask later. */
  readonly record: (run: RunDirectory) => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** Settles earlier when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1000;
/** One look may take this long: a server under load answers late, one that hangs is asked again. */
const LOOK_MS = 10_000;

/**
 * Waits until a job is ready (design §4.6): of the current attempt, and of the one that follows where it crashes before. A job that is
 * ready must still run when that is said.
 *
 * @throws the signal's reason when it aborts
 */
export async function waitUntilReady(first: RunDirectory, { timeoutMs = Infinity, signal, looks }: ReadyWait, ports: ReadyPorts): Promise<ReadyOutcome> {
  const deadline = ports.now() + timeoutMs;
  let run = first;
  let probe = ports.probe(run);
  let problem: string | null = null;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LAST_PAUSE_MS)) {
    signal?.throwIfAborted();
    const seen = ports.observe(run);
    if (seen.loop.kind === 'followed') {
      run = siblingRun(first, seen.loop.by);
      probe = ports.probe(run);
      pause = FIRST_PAUSE_MS;
      continue;
    }
    if (isOver(seen)) return { outcome: 'ended', status: statusFromRun(seen), problem };
    if (seen.verdict.kind === 'running') {
      if (seen.reading.records.ready !== null) return { outcome: 'ready', status: statusFromRun(seen) };
      const answer = (await probe?.({ timeoutMs: Math.max(1, Math.min(LOOK_MS, deadline - ports.now())), signal })) ?? { kind: 'ready' };
      signal?.throwIfAborted();
      const after = answer.kind === 'ready' ? ports.observe(run) : seen;
      if (answer.kind === 'ready' && after.verdict.kind === 'running') {
        if (probe === null) return { outcome: 'ready', status: statusFromRun(after) };
        ports.record(run);
        return { outcome: 'ready', status: statusFromRun(ports.observe(run)) };
      }
      problem = answer.kind === 'ready' ? problem : answer.problem;
    }
    const left = deadline - ports.now();
    if (left <= 0 || looks === 'once') return { outcome: 'timedOut', status: statusFromRun(ports.observe(run)), problem };
    await ports.sleep(Math.min(pause, left), signal);
  }
}

function isOver({ verdict, loop }: RunObservation): boolean {
  if (loop.kind === 'waiting') return false;
  return hasEnded(verdict) || (verdict.kind === 'unknown' && !verdict.mayLive);
}
