import type { Host } from '@longhaul/host';
import type { CurrentRun, SessionStatus } from '@longhaul/sessions';
import { asSessionName, currentStarter } from '@longhaul/sessions';

import type { Cli } from './cli-context.ts';
import { printable } from './output/printable.ts';
import { endText } from './output/session-text.ts';

/** A start that is about to begin. */
interface Beginning {
  readonly name: string;
  readonly runs: Host['runs'];
  /** What is said where there is no new run. */
  readonly nothing: string;
}

/** Has a person told, whose interrupt ends a start, what has become of it by then. To be called before anything is started. */
export function explainStart({ explainInterrupt }: Pick<Cli, 'explainInterrupt'>, { name, runs, nothing }: Beginning): void {
  const session = asSessionName(name);
  const before = session === null ? null : (runs.observeCurrent(session)?.claim.runId ?? null);
  explainInterrupt(() => {
    const current = session === null ? null : runs.observeCurrent(session);
    const isOurs = current !== null && current.claim.runId !== before && startedHere(current);
    const status = isOurs && session !== null ? runs.currentStatus(session) : null;
    return `interrupted: ${status === null ? nothing : fate(status)}`;
  });
}

/** The first attempt of a start has its starter's claim; what its launcher starts later says which attempt was the first. */
function startedHere({ claim, reading: { spec } }: CurrentRun): boolean {
  const { pid, startTime } = currentStarter();
  return (claim.owner.pid === pid && claim.owner.startTime === startTime) || (spec !== null && spec.attempt > 1);
}

function fate(status: SessionStatus): string {
  const name = printable(status.name);
  switch (status.state) {
    case 'exited':
    case 'stopped':
      return `${name} was started and has ended: ${endText(status)}`;
    case 'unknown':
    case 'defined':
      return `whether ${name} comes up is not known yet. See: longhaul status ${name}    end it: longhaul stop ${name}`;
    case 'running':
    case 'paused':
    case 'restarting':
      return `${name} was started and goes on. Follow it: longhaul logs ${name} -f    end it: longhaul stop ${name}`;
  }
}
