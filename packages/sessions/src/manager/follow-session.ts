import { dirname } from 'node:path';

import { SessionConfigError, SessionNotFoundError } from '@longhaul/errors';

import type { CapOutcome } from '../log/cap-log.ts';
import { ChangeSignal } from '../log/change-signal.ts';
import { formatCursor, parseCursor } from '../log/log-cursor.ts';
import { readRunLogEvents } from '../log/run-log-events.ts';
import type { RunLogOptions } from '../log/run-log-options.ts';
import type { RunOutcome, SessionLogEvent } from '../log/session-log-event.ts';
import type { RunDirectory } from '../run-directory.ts';
import { parseRunId } from '../run-id.ts';
import type { RunObservation } from '../run-observation.ts';
import { statusFromRun } from '../run-status.ts';
import type { RunStore } from '../run-store.ts';
import { parseSessionName } from '../session-name.ts';
import type { World } from '../world.ts';
import { nextAttempt, nextRun, runAfter } from './next-run.ts';
import { isRestart } from './restart-note.ts';
import { RunTrail } from './run-trail.ts';
import type { SessionLogOptions } from './session-log-options.ts';

/** A run is looked for this often at first, and as seldom as this later. The folder of runs tells sooner, as a rule. */
const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 1000;
/** Who was stopped may be started again: `longhaul restart` does both. So long is waited for that. */
const AFTER_STOP_MS = 1000;
const AFTER_RESTART_MS = 30_000;
/** How often a log that is being read is held against its limit. */
const CAP_EVERY_MS = 5000;
/** A reader that is behind gets pieces of 64 KiB. */
const CAUGHT_UP_BYTES = 32 * 1024;

/** What following needs from outside. */
export interface FollowPorts {
  readonly runs: RunStore;
  readonly world: () => World;
  /** Holds the log of a run against its limit; null where it has none. */
  readonly cap: (run: RunDirectory) => Promise<CapOutcome | null>;
  /** What was shown of this session before; kept up to date. */
  readonly trail?: RunTrail;
}

type Following = FollowPorts & { readonly trail: RunTrail };

/** Where following begins. */
interface Start {
  readonly run: RunDirectory;
  readonly options: RunLogOptions;
  readonly notices: readonly SessionLogEvent[];
}

/**
 * The logs of a session of ours, run after run: each to its last byte before the next one's first, nothing twice. From the run
 * `current`, unless the options name another place. While it is followed, its log is held to its limit.
 *
 * @throws SessionConfigError for a cursor of another session, SessionNotFoundError for a run that is not there
 */
export async function* followSession(name: string, { current, ...options }: SessionLogOptions & { readonly current: RunDirectory | null }, { trail = new RunTrail(), ...rest }: FollowPorts): AsyncGenerator<SessionLogEvent> {
  const ports: Following = { ...rest, trail };
  const { follow = 'no', signal } = options;
  const start = await startOf(name, { ...options, current }, ports.runs);
  yield* start.notices;
  let wanted: RunLogOptions = start.options;
  for (let run: RunDirectory | null = start.run; run !== null; ) {
    trail.shown.add(run.runId);
    yield* outputOf(run, { ...wanted, follow: follow !== 'no' }, ports);
    if (signal?.aborted === true || options.runId !== undefined || (follow === 'no' && options.after === undefined)) return;
    const before: RunDirectory = run;
    run = follow === 'no' ? nextNow(before, ports) : yield* waitForNext(before, { follow, signal, ports });
    if (run !== null) yield began(run, before, ports.runs);
    // What was asked of the first run is no matter of the next: that one is shown from its beginning.
    wanted = { signal, stream: options.stream, times: options.times };
  }
}

async function startOf(name: string, { current, runId, after, lines, since, stream, times, signal }: SessionLogOptions & { readonly current: RunDirectory | null }, runs: RunStore): Promise<Start> {
  const options = { lines, since, stream, times, signal };
  if (after !== undefined) return startAfter(name, after, { runs, options });
  const run = runId === undefined ? current : await runs.find(parseRunId(runId));
  if (run?.session === name) return { run, options, notices: [] };
  throw new SessionNotFoundError(name, runId === undefined ? 'no run has this name' : `run ${runId}`, { hint: `See its runs: longhaul history ${name}` });
}

async function startAfter(name: string, after: string, { runs, options }: { readonly runs: RunStore; readonly options: RunLogOptions }): Promise<Start> {
  const { runId, offset } = parseCursor(after);
  const run = await runs.find(runId);
  if (run !== null && run.session !== name) throw new SessionConfigError(`the cursor belongs to a run of session "${run.session}", not of "${name}"`, { hint: `Use it there: longhaul logs ${run.session} --after ${after}` });
  if (run !== null) return { run, options: { ...options, after: offset }, notices: [] };
  // What has the name now came later in any case: it is never dropped, and this run was.
  const session = parseSessionName(name);
  const next = runAfter({ runId, session, stateDir: runs.stateDir, claim: null }, runs) ?? runs.observeCurrent(session)?.reading.run ?? null;
  if (next === null) throw new SessionNotFoundError(name, `run ${runId}`, { hint: `It was dropped by retention, and no run came after it; see longhaul history ${name}` });
  return { run: next, options, notices: [{ kind: 'forgotten', session: name, runId }] };
}

async function* outputOf(run: RunDirectory, options: RunLogOptions, { world, cap }: Following): AsyncGenerator<SessionLogEvent> {
  const about = { session: run.session, runId: run.runId };
  const capping = new Capping(run, cap);
  for await (const event of readRunLogEvents(run, options, world)) {
    yield event.kind === 'output' ? { ...about, ...event, cursor: formatCursor({ runId: run.runId, offset: event.chunk.endOffset }) } : { ...about, ...event };
    // Not while there is more to read: what this reader was about to show must not go before it has.
    if (options.follow === true && event.kind === 'output' && event.chunk.bytes.length < CAUGHT_UP_BYTES) yield* capping.look(about);
  }
  if (options.signal?.aborted !== true) yield* capping.look(about);
}

/** Holds a log that is being read against its limit, now and then. */
class Capping {
  readonly #run: RunDirectory;
  readonly #cap: FollowPorts['cap'];
  #at: number = -Infinity;
  #isSaid: boolean = false;

  constructor(run: RunDirectory, cap: FollowPorts['cap']) {
    this.#run = run;
    this.#cap = cap;
  }

  async *look(about: Pick<SessionLogEvent, 'session' | 'runId'>): AsyncGenerator<SessionLogEvent> {
    if (performance.now() - this.#at < CAP_EVERY_MS) return;
    const outcome = await this.#cap(this.#run);
    this.#at = performance.now();
    if (outcome?.kind !== 'impossible' || this.#isSaid) return;
    this.#isSaid = true;
    yield { ...about, kind: 'uncapped', reason: outcome.reason };
  }
}

interface Waiting {
  readonly follow: 'attempts' | 'until-end' | 'forever';
  readonly signal: AbortSignal | undefined;
  readonly ports: Following;
}

/** Until there is a next run; null where none will come. */
async function* waitForNext(run: RunDirectory, { follow, signal, ports }: Waiting): AsyncGenerator<SessionLogEvent, RunDirectory | null> {
  const about = { session: run.session, runId: run.runId };
  using changes = new ChangeSignal(dirname(run.path));
  const began = performance.now();
  let said = '';
  for (let pause = FIRST_POLL_MS; signal?.aborted !== true; pause = Math.min(pause * 1.5, LAST_POLL_MS)) {
    const seen = ports.runs.observe(run);
    const next = follow === 'attempts' ? nextAttempt(seen, ports.trail) : nextRun(seen, ports.runs, ports.trail);
    if (next.kind === 'run') return next.run;
    const isOver = next.kind === 'none' && (follow !== 'until-end' || performance.now() - began >= lingerMs(seen));
    const event = next.kind === 'restarting' ? { ...about, ...next, before: outcomeOf(seen) } : isOver ? { ...about, kind: 'ended' as const, before: outcomeOf(seen) } : null;
    const text = JSON.stringify(event);
    if (event !== null && text !== said) yield event;
    said = text;
    if (isOver && follow !== 'forever') return null;
    await changes.next(pause, signal);
  }
  return null;
}

/** How long the end of a run may be followed by a start that somebody is just about to make. */
function lingerMs({ verdict, reading }: RunObservation): number {
  const { stop } = reading.records;
  if (verdict.kind !== 'stopped' && stop === null) return 0;
  return stop !== null && isRestart(stop.requestedBy) ? AFTER_RESTART_MS : AFTER_STOP_MS;
}

function nextNow(run: RunDirectory, { runs, trail }: Following): RunDirectory | null {
  const next = nextRun(runs.observe(run), runs, trail);
  return next.kind === 'run' ? next.run : null;
}

function began(run: RunDirectory, before: RunDirectory, runs: RunStore): SessionLogEvent {
  return { session: run.session, runId: run.runId, kind: 'began', attempt: statusFromRun(runs.observe(run)).attempt, before: outcomeOf(runs.observe(before)) };
}

function outcomeOf(seen: RunObservation): RunOutcome {
  const { runId, attempt, exitCode, signal, reason, stoppedBy } = statusFromRun(seen);
  return { runId, attempt, exitCode, signal, reason, stoppedBy };
}
