import { join } from 'node:path';

import { capRun } from '../log/cap-run.ts';
import { ChangeSignal } from '../log/change-signal.ts';
import type { SessionLogEvent } from '../log/session-log-event.ts';
import type { CurrentRun } from '../current-run.ts';
import type { RunDirectory } from '../run-directory.ts';
import { siblingRun } from '../run-directory.ts';
import { STATE_FOLDERS } from '../run-files.ts';
import { holdsName } from '../run-observation.ts';
import type { RunId } from '../run-record.ts';
import { asRunId } from '../run-id.ts';
import type { SessionName } from '../session-name.ts';
import { followSession } from './follow-session.ts';
import { MergedEvents } from './merged-events.ts';
import { runAfter } from './next-run.ts';
import { RunTrail } from './run-trail.ts';
import type { SessionLogOptions } from './session-log-options.ts';
import type { SessionLogPorts } from './session-logs.ts';
import { sessionLogs } from './session-logs.ts';

const LOOK_MS = 1000;

/** Logs of several sessions as one stream. Events say whose they are; those of one session are in order. */
export async function* namedLogs(names: readonly string[], { signal, ...options }: SessionLogOptions, ports: SessionLogPorts): AsyncGenerator<SessionLogEvent> {
  // One that is not there is said before anything is shown.
  if (options.follow !== 'forever') for (const name of names) await ports.locate(name);
  const all = new AbortController();
  const merged = new MergedEvents<SessionLogEvent>();
  for (const name of new Set(names)) merged.add(sessionLogs(name, { ...options, signal: either(signal, all.signal) }, ports), (error) => failed(name, error));
  try {
    yield* merged.events();
  } finally {
    all.abort();
  }
}

/**
 * Logs of all sessions of ours: of each its current run. Followed, of those that run now, and of each that starts from now on, from its
 * first byte.
 */
export async function* allLogs({ signal, ...options }: SessionLogOptions, ports: SessionLogPorts): AsyncGenerator<SessionLogEvent> {
  const { follow = 'no' } = options;
  const all = new AbortController();
  const stopped = either(signal, all.signal);
  const merged = new MergedEvents<SessionLogEvent>();
  const members = new Members({ merged, ports, options: { ...options, follow: follow === 'no' ? 'no' : 'until-end', signal: stopped } });
  using changes = new ChangeSignal(join(ports.runs.stateDir, STATE_FOLDERS.runs));
  const discover = async (): Promise<void> => {
    await members.look('first');
    while (follow !== 'no' && !stopped.aborted && (follow === 'forever' || members.active > 0)) {
      await changes.next(LOOK_MS, stopped);
      await members.look('later');
    }
  };
  merged.hold();
  const discovering = discover().finally(() => {
    merged.close();
  });
  try {
    yield* merged.events();
    await discovering;
  } finally {
    all.abort();
    await discovering.catch(() => undefined);
  }
}

interface MemberParts {
  readonly merged: MergedEvents<SessionLogEvent>;
  readonly ports: SessionLogPorts;
  readonly options: SessionLogOptions;
}

/** Who is followed, and how far each was shown. */
class Members {
  readonly #parts: MemberParts;
  readonly #active = new Set<string>();
  /** The last run of each that was shown, or that had ended before anybody looked. */
  readonly #last = new Map<string, RunId>();
  readonly #trails = new Map<string, RunTrail>();

  constructor(parts: MemberParts) {
    this.#parts = parts;
  }

  get active(): number {
    return this.#active.size;
  }

  async look(when: 'first' | 'later'): Promise<void> {
    const { runs } = this.#parts.ports;
    for (const name of await runs.names()) {
      const current = this.#active.has(name) ? null : runs.observeCurrent(name);
      if (current !== null) this.#consider(name, current, when);
    }
  }

  #consider(name: SessionName, current: CurrentRun, when: 'first' | 'later'): void {
    const { run } = current.reading;
    const last = this.#last.get(name);
    const trail = this.#trailOf(name);
    if (last === run.runId || trail.shown.has(run.runId)) return;
    this.#last.set(name, run.runId);
    if (when === 'first' && this.#parts.options.follow !== 'no' && !holdsName(current)) {
      trail.shown.add(run.runId);
      return;
    }
    // A session that ran before goes on with the run behind the last one shown, however short that was.
    const from = last === undefined ? run : (this.#after(last, current) ?? run);
    const { lines, since, ...rest } = this.#parts.options;
    this.#follow(name, followSession(name, { ...rest, ...(when === 'first' ? { lines, since } : {}), current: from }, { ...this.#parts.ports, cap: (capped) => capRun(capped), trail }));
  }

  #after(last: RunId, { claim: { session }, reading }: CurrentRun): RunDirectory | null {
    const { runs } = this.#parts.ports;
    const trail = this.#trailOf(session);
    const claim = trail.claimOf(siblingRun(reading.run, last));
    return runAfter({ runId: last, session, stateDir: reading.run.stateDir, claim }, runs, trail);
  }

  #trailOf(name: string): RunTrail {
    const trail = this.#trails.get(name) ?? new RunTrail();
    this.#trails.set(name, trail);
    return trail;
  }

  #follow(name: SessionName, source: AsyncGenerator<SessionLogEvent>): void {
    this.#active.add(name);
    this.#parts.merged.add(this.#watched(name, source), (error) => {
      this.#active.delete(name);
      return failed(name, error);
    });
  }

  async *#watched(name: SessionName, source: AsyncGenerator<SessionLogEvent>): AsyncGenerator<SessionLogEvent> {
    for await (const event of source) {
      const runId = event.runId === null ? null : asRunId(event.runId);
      if (runId !== null) this.#last.set(name, runId);
      yield event;
    }
  }
}

function failed(session: string, error: Error | null): SessionLogEvent | null {
  return error === null ? null : { session, runId: null, kind: 'failed', error };
}

function either(signal: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return signal === undefined ? own : AbortSignal.any([signal, own]);
}
