import { BackendUnavailableError, SessionConfigError, SessionStopError } from '@longhaul/errors';
import { processInfo } from '@longhaul/exec';
import type { EndPlan, LogChunk, LogOptions, StopPolicy, StopReport, StopStep } from '@longhaul/sessions';
import { DEFAULT_STOP_SIGNAL, DEFAULT_STOP_TIMEOUT_MS, endProcesses, parseStopSignal, leftBehind, systemClock, systemProcesses } from '@longhaul/sessions';

import type { ForeignSession } from './session-lookup.ts';
import type { TmuxClient } from './tmux-client.ts';

/** Ends a session that was made by hand: by the same contract, from what its panes run, since there is no record (design §4.5). */
export async function stopForeign({ status, place }: ForeignSession, policy: StopPolicy, client: TmuxClient): Promise<StopReport> {
  const plan: EndPlan = {
    how: policy.how,
    signal: policy.how === 'force' ? 'SIGKILL' : parseStopSignal(policy.signal ?? DEFAULT_STOP_SIGNAL),
    timeoutMs: policy.timeoutMs ?? DEFAULT_STOP_TIMEOUT_MS,
    beforeStep: () => undefined,
    afterWait: () => undefined,
  };
  const ports = { view: systemProcesses(), ...systemClock };
  const panes = place.session.panePids.map(processInfo).filter((info) => info !== null);
  const ended = await Promise.all(panes.map(async ({ pid, startTime }) => endProcesses({ job: { pid, startTime }, shellPid: null, runId: null, sessions: new Set([pid]) }, plan, ports)));
  const left = ended.flatMap((end) => end.left);
  const refused = ended.flatMap((end) => end.refused);
  const remains = leftBehind({ left, refused });
  if (remains !== null) throw new SessionStopError(status.name, 'tmux', remains.reason, { hint: remains.hint });
  // Where the pane is kept after its end (remain-on-exit), the session is still there.
  await client.ask({ path: place.socketPath }, ['kill-session', '-t', place.session.id]);
  const steps: readonly StopStep[] = ['kill', 'signal'];
  const step = steps.find((candidate) => ended.some((end) => end.step === candidate)) ?? 'already-ended';
  return {
    step,
    signalled: ended.flatMap(({ signalled }) => signalled),
    killed: ended.flatMap(({ killed }) => killed),
    status: { ...status, state: 'stopped', terminal: 'none', pid: null, endedAt: new Date().toISOString(), attachedClients: 0 },
  };
}

/** What tmux still has of the active pane's output: there is no log. @throws SessionConfigError for `since` and `follow` */
export async function* captureForeign({ status, place }: ForeignSession, { lines, since, follow }: LogOptions, client: TmuxClient): AsyncGenerator<LogChunk> {
  if (since !== undefined || follow === true) {
    throw new SessionConfigError(`session "${status.name}" was not started by Longhaul, so it has no log to follow and no times`, { hint: `Watch it with \`longhaul attach --read-only ${status.name}\`` });
  }
  const answer = await client.ask({ path: place.socketPath }, ['capture-pane', '-p', '-e', '-J', '-S', '-', '-t', place.session.paneId]);
  if (answer.kind === 'failed') throw new BackendUnavailableError('tmux', answer.evidence);
  // The screen below the last line of output is blank.
  const text = answer.stdout.replace(/\n+$/, '\n');
  const kept = lines === undefined ? text : lastLines(text, lines);
  const bytes = Buffer.from(kept, 'utf8');
  if (bytes.length > 0) yield { bytes, stream: 'terminal', endOffset: bytes.length };
}

function lastLines(text: string, lines: number): string {
  const all = text.replace(/\n$/, '').split('\n');
  return lines <= 0 ? '' : `${all.slice(-lines).join('\n')}\n`;
}
