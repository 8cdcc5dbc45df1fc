import { count } from '@longhaul/errors';
import type { OutputState } from '@longhaul/host';
import type { JobUsage, LogLoss, PortMapping, SessionStatus } from '@longhaul/sessions';

import { endMeaning } from './end-meaning.ts';
import { jobText } from './job-text.ts';
import { between } from './log-notice.ts';
import { printable, printablePath } from './printable.ts';
import type { Printer } from './printer.ts';
import { formatAgo, formatBytes, formatSpan } from './quantities.ts';
import { commandText, durationText, endText, paintState, stateText } from './session-text.ts';

/** Everything that `longhaul status` tells. */
export interface StatusReport {
  readonly session: SessionStatus;
  /** null where it does not run, or cannot be seen. */
  readonly usage: JobUsage | null;
  /** Cells of the job's terminal; null where it has none, or none that can be seen from here. */
  readonly terminalSize: { readonly columns: number; readonly rows: number } | null;
  /** What was missing when its check was asked just now; null where it was not asked, or is ready. */
  readonly notReady: string | null;
  readonly log: LogFacts | null;
  /** Where what listens in its container is reached; empty where nothing was published, and under tmux. */
  readonly ports: readonly PortMapping[];
  readonly outputs: readonly OutputState[];
  /** Commands that do the next thing. */
  readonly next: readonly string[];
}

/** The log of a run as a file. */
export interface LogFacts {
  readonly path: string;
  readonly bytes: number;
  /** Less than `bytes` where the head of a long log was dropped. */
  readonly bytesOnDisk: number;
  /** What never came into it, or may not have; empty as a rule. */
  readonly losses: readonly LogLoss[];
}

/** A status for people: what it does, why it ended, what it uses, where things are, what to do next. */
export function statusText({ session, usage, terminalSize, notReady, log, ports, outputs, next }: StatusReport, printer: Printer): string {
  const now = Date.now();
  const lines: readonly (readonly [string, string])[] = [
    ['state', [paintState(printer.colours)(stateText(session), session), terminalText(session)].filter((part) => part !== '').join(', ')],
    ['why', whyText(session)],
    ['attempt', attemptText(session)],
    ['next try', nextTryText(session, now)],
    ['ready', readyText(session, notReady, now)],
    ['started', timeText(session.startedAt, now)],
    ['ended', timeText(session.endedAt, now)],
    ['took', durationText(session, now)],
    ['usage', usage === null ? '' : usageText(usage)],
    [session.backend === 'tmux' ? 'terminal' : 'engine', placeText(session, terminalSize)],
    ['command', commandText(session.command)],
    ...ports.map((port, index) => [index === 0 ? 'ports' : '', portText(port)] as const),
    ['image', session.image === null ? '' : printable(session.image)],
    ['folder', session.workingDir === null ? '' : printable(session.workingDir)],
    ['pid', session.pid === null ? '' : String(session.pid)],
    ['run', session.runId ?? ''],
    ['log', log === null ? '' : logText(log)],
    ...(log?.losses ?? []).map((loss) => ['', lossText(loss, printer)] as const),
    ...outputs.map((output) => ['output', outputText(output, printer)] as const),
    ...next.map((command, index) => [index === 0 ? 'next' : '', command] as const),
  ];
  const shown = lines.filter(([, value]) => value !== '').map(([label, value]) => `  ${label.padEnd(8)} ${value}\n`);
  return `${printer.colours.bold(printable(session.name))}${session.managed ? '' : ' (foreign: made by hand, no record)'}\n${shown.join('')}`;
}

function whyText(session: SessionStatus): string {
  if (session.state === 'defined') return 'longhaul.yaml describes it, and nobody has started it yet';
  if (session.state === 'unknown') return printable(session.unknownReason ?? 'it cannot be asked');
  return [endText(session), endMeaning(session)].filter((part) => part !== '').join('; ');
}

function terminalText({ terminal, attachedClients }: SessionStatus): string {
  switch (terminal) {
    case 'attached':
      return `${String(attachedClients)} looking on`;
    case 'lost':
      return 'its terminal is lost: it goes on, readable by its log only';
    case 'detached':
    case 'none':
    case 'unknown':
      return '';
  }
}

/** How it stands in its restart loop; a crash loop is a state that one can see (design §4.6). */
function attemptText({ attempt, restart }: SessionStatus): string {
  if (restart === null) return attempt > 1 ? String(attempt) : '';
  const most = restart.maxRestarts === null ? '' : ` of at most ${String(restart.maxRestarts)}`;
  const { previous } = restart;
  const parts = [
    restart.inRow === 0 ? '' : `${count(restart.inRow, 'restart')}${most} in a row`,
    previous === null ? '' : `the one before ended ${previous.signal === null ? `with code ${previous.exitCode === null ? 'unknown' : String(previous.exitCode)}` : `by ${printable(previous.signal)}`}`,
    restart.ended === null ? `restart: ${restart.mode}` : ENDINGS[restart.ended],
  ];
  return `${String(attempt)} (${parts.filter((part) => part !== '').join('; ')})`;
}

const ENDINGS: Readonly<Record<NonNullable<NonNullable<SessionStatus['restart']>['ended']>, string>> = {
  succeeded: 'it succeeded: not started again',
  stopped: 'it was stopped: not started again',
  'gave-up': 'it has given up: too many restarts in a row',
  'not-started': 'the next attempt could not be started',
  superseded: 'a newer start has taken its place',
  lost: 'whoever would start it again was killed',
};

function nextTryText({ restart }: SessionStatus, now: number): string {
  if (restart?.next === null || restart === null) return '';
  const { attempt, at } = restart.next;
  const when = at === null ? 'about to be decided' : `in ${formatSpan(Math.max(0, Date.parse(at) - now))} (${at})`;
  return `attempt ${String(attempt)} ${when}${restart.problem === null ? '' : `; held up: ${printable(restart.problem)}`}`;
}

function readyText({ ready, state }: SessionStatus, notReady: string | null, now: number): string {
  if (ready === null) return '';
  if (ready.at !== null) return `${state === 'running' ? 'since ' : ''}${timeText(ready.at, now)}`;
  return notReady === null ? '' : `not yet: ${printable(notReady)}`;
}

function timeText(iso: string | null, now: number): string {
  return iso === null ? '' : `${iso} (${formatAgo(iso, now)})`;
}

function usageText({ cpuMs, cpuPercent, memoryBytes, memoryLimitBytes, processes }: JobUsage): string {
  const limit = memoryLimitBytes === null ? '' : ` of ${formatBytes(memoryLimitBytes)}`;
  const parts = [
    cpuPercent === null ? '' : `${String(cpuPercent)} % of a processor now`,
    cpuMs === null ? '' : `${formatSpan(cpuMs)} of processor time so far`,
    memoryBytes === null ? '' : `${formatBytes(memoryBytes)}${limit} of memory`,
    processes === null ? '' : `${String(processes)} process${processes === 1 ? '' : 'es'}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function placeText({ backend, socketName, windowCount }: SessionStatus, size: StatusReport['terminalSize']): string {
  const parts = [
    size === null ? '' : `${String(size.columns)} columns, ${String(size.rows)} rows`,
    socketName === null ? '' : `${backend === 'tmux' ? 'tmux socket ' : ''}${printable(socketName)}`,
    windowCount === null || windowCount < 2 ? '' : `${String(windowCount)} windows`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function portText({ hostAddress, hostPort, containerPort, protocol }: PortMapping): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${address}:${String(hostPort)} -> ${String(containerPort)}/${protocol}`;
}

function logText({ path, bytes, bytesOnDisk }: LogFacts): string {
  // Blocks of a small file are more than its bytes; a hole of a block or two is none.
  const kept = bytes - bytesOnDisk > 1_000_000 ? `, of which the last ${formatBytes(bytesOnDisk)} are kept` : '';
  return `${formatBytes(bytes)}${kept}, ${printablePath(path)}`;
}

function lossText(loss: LogLoss, { colours }: Printer): string {
  return loss.kind === 'gap'
    ? `${colours.bad('output may be missing')}${between(loss)}: ${printable(loss.reason)}`
    : `${colours.bad('not all that it printed is there')}: ${printable(loss.reason)}`;
}

function outputText({ path, destination, job, problem }: OutputState, printer: Printer): string {
  const where = `${printable(path)} -> ${printable(destination)}`;
  if (problem !== null) return `${where}  ${printer.colours.bad('not sent')}: ${printable(problem)}`;
  return `${where}  ${job === null ? 'sent when the run has ended' : jobText(job, printer.colours)}`;
}
