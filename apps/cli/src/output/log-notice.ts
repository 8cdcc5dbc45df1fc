import type { RunOutcome, SessionLogEvent } from '@longhaul/sessions';

import { printable } from './printable.ts';
import { formatBytes, formatSpan } from './quantities.ts';
import { stateText } from './session-text.ts';

/** What a reader of a log is told beside the log, in one line; null for what needs no word. Pure. */
export function noticeText(event: SessionLogEvent, now: number): string | null {
  const name = printable(event.session);
  switch (event.kind) {
    case 'output':
      return null;
    case 'dropped':
      return `… ${formatBytes(event.to - event.from)} of older output of ${name} were dropped: its log is limited`;
    case 'truncated':
      return event.to === null ? `the log of ${name} was cut by somebody else: output is missing here` : `${formatBytes(event.to - event.from)} of the log of ${name} were cut off by somebody else`;
    case 'moved':
      return `the log of ${name} was moved away by somebody else; what is still written there is shown`;
    case 'replaced':
      return `the log of ${name} was replaced by somebody else; the new one is shown from its beginning`;
    case 'gap':
      return `output of ${name} may be missing${between(event)}: ${printable(event.reason)}`;
    case 'incomplete':
      return `not all that ${name} printed could be written to its log: ${printable(event.reason)}`;
    case 'began':
      return `${name}: ${event.attempt > 1 ? `attempt ${String(event.attempt)}` : 'a new run'} began${before(event.before)}`;
    case 'restarting':
      return `${name}: ${outcomeText(event.before)}; attempt ${String(event.attempt)} begins ${event.at === null ? 'soon' : `in ${formatSpan(Math.max(0, Date.parse(event.at) - now))}`}`;
    case 'ended':
      return `${name}: ${outcomeText(event.before)}`;
    case 'absent':
      return `there is no session ${name} yet: waiting for it`;
    case 'forgotten':
      return `run ${event.runId ?? ''} of ${name} was dropped by retention: what it printed last is gone`;
    case 'uncapped':
      return `the log of ${name} is larger than its limit and stays whole: ${printable(event.reason)}`;
    case 'unreachable':
      return `${name} cannot be read for the moment: ${printable(event.problem)}`;
    case 'reached':
      return `${name} can be read again`;
    case 'failed':
      return `${name}: ${printable(event.error.message)}`;
  }
}

/** ` from … until …`, as far as that is known. */
export function between({ from, to }: { readonly from: string | null; readonly to: string | null }): string {
  return `${from === null ? '' : ` from ${from}`}${to === null ? '' : ` until ${to}`}`;
}

function before(outcome: RunOutcome | null): string {
  return outcome === null ? '' : ` (${outcomeText(outcome)} before)`;
}

/** `exit 1`, `killed SIGKILL`, `stopped`, `interrupted`. */
function outcomeText(outcome: RunOutcome): string {
  const state = outcome.reason === 'stopped' || outcome.stoppedBy !== null ? 'stopped' : 'exited';
  return stateText({ ...outcome, state }).replace(/^exited (?=\d)/, 'exit ');
}
