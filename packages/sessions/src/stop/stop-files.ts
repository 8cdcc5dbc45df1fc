import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';

import { SessionStopError } from '@longhaul/errors';

import { LAUNCH_FILES } from '../launcher/launch-file-names.ts';
import type { RunDirectory } from '../run-directory.ts';
import { RECORD_SCHEMA_VERSION, RUN_FILES } from '../run-files.ts';
import type { StopRecord, StopStep } from '../run-record.ts';
import type { StopPolicy } from '../session-spec.ts';
import { currentStarter } from '../world.ts';
import { DEFAULT_STOP_SIGNAL, parseStopSignal } from './stop-signal.ts';

const MAX_WHO = 256;

/** Milliseconds between signal and KILL where nobody says otherwise (design §4.5). */
export const DEFAULT_STOP_TIMEOUT_MS = 10_000;

/** Who asks, where nobody says: user@host. */
export function defaultRequester(): string {
  return `${userName()}@${hostname()}`;
}

/** A uid that no table of users knows (a container, a cluster) has no name: that must not keep it from stopping its jobs. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${String(process.getuid?.() ?? 'unknown')}`;
  }
}

/** Writes the intent to stop a run by this policy. @throws SessionStopError where it cannot be written, SessionConfigError for an unusable signal */
export function recordStopIntent(run: RunDirectory, { how, signal, timeoutMs = DEFAULT_STOP_TIMEOUT_MS, requestedBy = defaultRequester() }: StopPolicy): void {
  const record = { requestedAt: new Date().toISOString(), requestedBy, how, signal: how === 'force' ? 'SIGKILL' : parseStopSignal(signal ?? DEFAULT_STOP_SIGNAL), timeoutMs };
  try {
    writeStopIntent(run, record);
  } catch (cause) {
    throw new SessionStopError(run.session, 'record', 'the intent to stop it could not be written', { cause, hint: 'is the disk of the state directory full?' });
  }
}

/** Writes stop.json, the intent: whole or not at all. Before it, so that whoever sees it finds it, the `stoppedBy` of exit.json. */
export function writeStopIntent(run: RunDirectory, record: StopRecord): void {
  writeStopStep(run, record.requestedBy, record.how === 'force' ? 'kill' : 'signal');
  replace(join(run.path, RUN_FILES.stop), `${JSON.stringify({ schemaVersion: RECORD_SCHEMA_VERSION, ...record })}\n`);
}

/** Takes an intent back: nobody could be signalled, so whatever ends the run later was not this stop. */
export function withdrawStopIntent(run: RunDirectory): void {
  for (const file of [RUN_FILES.stop, LAUNCH_FILES.stopBy]) rmSync(join(run.path, file), { force: true });
}

/** Who takes which step now: the launcher copies this line into exit.json. */
export function writeStopStep(run: RunDirectory, who: string, step: StopStep): void {
  // One line, ASCII only: it is read by sh. Not longer than the preallocated record has room for.
  const text = JSON.stringify({ who: who.slice(0, MAX_WHO), step }).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  replace(join(run.path, LAUNCH_FILES.stopBy), `${text}\n`);
}

/**
 * Keeps the terminal open while others than the job are busy with their end: as long as this process lives, should it be killed in the midst of that. The launcher's
 * shell gives up by itself after five minutes.
 */
export function holdTerminal(run: RunDirectory): void {
  const path = join(run.path, LAUNCH_FILES.stopHold);
  const { pid, startTime, bootId } = currentStarter();
  try {
    replace(path, `${String(pid)}\n${startTime}\n${bootId}\n`);
  } catch {
    // On a full disk it holds without a name.
    rmSync(stagingOf(path), { force: true });
    writeFileSync(path, '', { mode: 0o600 });
  }
}

/** Harmless where nothing was held. */
export function releaseTerminal(run: RunDirectory): void {
  rmSync(join(run.path, LAUNCH_FILES.stopHold), { force: true });
}

function replace(path: string, text: string): void {
  const staging = stagingOf(path);
  writeFileSync(staging, text, { mode: 0o600 });
  renameSync(staging, path);
}

function stagingOf(path: string): string {
  return `${path}.${String(process.pid)}.tmp`;
}
