import type { Host } from '@longhaul/host';
import type { SessionStatus } from '@longhaul/sessions';
import { asSessionName, currentStarter } from '@longhaul/sessions';

import type { Cli } from './cli-context.ts';
import { printable } from './output/printable.ts';
import { endText } from './output/session-text.ts';

/** Has a person told, whose interrupt ends a start, what has become of it by then. To be called before anything is started. */
export function explainStart({ explainInterrupt }: Pick<Cli, 'explainInterrupt'>, name: string, { runs }: Pick<Host, 'runs'>): void {
  const session = asSessionName(name);
  const before = session === null ? null : (runs.observeCurrent(session)?.claim.runId ?? null);
  explainInterrupt(() => {
    const current = session === null ? null : runs.observeCurrent(session);
    const isOurs = current !== null && current.claim.runId !== before && startedHere(current);
    const status = isOurs && session !== null ? runs.currentStatus(session) : null;
    return `interrupted: ${status === null ? 'nothing was started' : fate(status)}`;
  });
}

/** The first attempt of a start has its starter's claim; what its launcher starts later says which attempt was the first. */
function startedHere({ claim, reading: { spec } }: NonNullable<ReturnType<Host['runs']['observeCurrent']>>): boolean {
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
