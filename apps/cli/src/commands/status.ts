import { statSync } from 'node:fs';
import path from 'node:path';

import { terminalSize } from '@longhaul/exec';
import type { Host, OutputState } from '@longhaul/host';
import type { RunDirectory, SessionStatus } from '@longhaul/sessions';
import { lossesOf } from '@longhaul/sessions';

import { BACKEND_OPTION, backendChoice } from '../backend-option.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { commandText } from '../output/session-text.ts';
import type { LogFacts, StatusReport } from '../output/status-text.ts';
import { statusText } from '../output/status-text.ts';
import { withHost } from '../with-host.ts';

export const status: CommandModule = {
  usage: 'NAME [options]',
  about: 'Why it ended and what its code means, who stopped it, attempts and the next restart, processor time and memory of all its processes, published ports, its log and outputs, and what to do next. Exits with 0 whatever the state is; with 6 when an output of the last run is not safe and needs you.',
  examples: [
    { line: 'longhaul status train', text: 'what it does, how it ended, where its outputs are' },
    { line: 'longhaul status train --json', text: 'for programs' },
  ],
  options: [BACKEND_OPTION],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) =>
    await withHost(cli, async (host) => {
      const session = await host.sessions.status(name, backendChoice(options));
      const report = await reportOn(await askedReady(session, host), host);
      cli.printer.result(report, () => statusText(report, cli.printer));
      return report.outputs.some(needsHelp) ? EXIT.PROBLEMS : EXIT.OK;
    }),
};

/** What is known of a session, and what its check says now where nobody has seen it ready yet. */
interface Asked {
  readonly session: SessionStatus;
  readonly notReady: string | null;
}

/** One look may take this long. */
const LOOK_MS = 1000;

async function askedReady(session: SessionStatus, { sessions }: Host): Promise<Asked> {
  const { name, backend, state, managed, ready } = session;
  if (!managed || state !== 'running' || ready === null || ready.at !== null) return { session, notReady: null };
  const seen = await sessions.waitUntilReady(name, { backend, timeoutMs: LOOK_MS, looks: 'once' });
  return { session: { ...session, ready: seen.status.ready }, notReady: seen.outcome === 'timedOut' ? (seen.problem ?? 'it does not answer') : null };
}

async function reportOn({ session, notReady }: Asked, host: Host): Promise<StatusReport> {
  // Measuring takes its time, in which the rest is looked up.
  const [usage, outputs, facts] = await Promise.all([host.sessions.usage(session), host.outputsOf(session), runFacts(session, host)]);
  const size = session.pid === null || session.backend === 'container' ? null : terminalSize(session.pid);
  return { session, usage, terminalSize: size, notReady, ...facts, outputs, next: nextCommands(session) };
}

function needsHelp({ problem, job }: OutputState): boolean {
  return problem !== null || job?.state === 'FAILED';
}

/** As script(1) and as the engines' log drivers write it. */
const LOG_FILES = ['output.log', 'output.cri'];

/** What the run's folder says beside its status. */
async function runFacts({ runId }: SessionStatus, { runs }: Host): Promise<Pick<StatusReport, 'log' | 'ports'>> {
  const run = runId === null ? null : await runs.find(runId);
  if (run === null) return { log: null, ports: [] };
  return { log: logFacts(run), ports: runs.observe(run).reading.spec?.container?.ports ?? [] };
}

function logFacts(run: RunDirectory): LogFacts | null {
  for (const file of LOG_FILES) {
    const full = path.join(run.path, file);
    const stat = statSync(full, { throwIfNoEntry: false });
    if (stat !== undefined) return { path: full, bytes: stat.size, bytesOnDisk: Math.min(stat.size, stat.blocks * 512), losses: lossesOf(run) };
  }
  return null;
}

/** What a person would do next, as commands. */
function nextCommands({ name, state, terminal, exitCode, managed, runId }: SessionStatus): readonly string[] {
  // A name that was given by hand may need quotes.
  const line = (...words: readonly string[]): string => commandText(['longhaul', ...words]);
  switch (state) {
    case 'defined':
      return [line('start', name)];
    case 'running':
    case 'paused':
      if (!managed) return [line('attach', name), line('stop', name)];
      return [...(terminal === 'attached' || terminal === 'detached' ? [line('attach', name)] : []), line('logs', name, '-f'), line('stop', name)];
    case 'restarting':
      return [line('logs', name, '-f'), line('stop', name)];
    case 'exited':
    case 'stopped':
      return [exitCode === 0 ? line('logs', name) : line('logs', name, '-n', '50'), line('restart', name), line('remove', name)];
    case 'unknown':
      // Whether its name may be given up, that says.
      return ['longhaul doctor', ...(managed && runId !== null ? [line('remove', '--abandon', name, '--dry-run')] : [])];
  }
}
