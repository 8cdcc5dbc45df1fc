import { mkdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { redactArgv } from '@longhaul/errors';

import type { Claim } from './claim.ts';
import { deleteClaim } from './claim-files.ts';
import { isErrno } from './errno.ts';
import type { RecordedSpec } from './recorded-spec.ts';
import type { RunDirectory } from './run-directory.ts';
import { RECORD_SCHEMA_VERSION, RUN_FILES, STATE_FOLDERS } from './run-files.ts';
import { runIdTime } from './run-id.ts';
import type { SessionName } from './session-name.ts';
import type { SessionSpec } from './session-spec.ts';
import type { StateDirectory } from './state-directory.ts';

/** Makes a run's folder with its spec.json: everything but what the launcher runs. */
export function createRunFolder(spec: SessionSpec, claim: Claim, state: StateDirectory): RunDirectory {
  const run = state.run(claim.runId, claim.session);
  mkdirSync(run.path, { mode: 0o700 });
  // Not a path that leads there: with `current` it would be a circle for everything that follows links.
  symlinkSync(claim.session, join(run.path, RUN_FILES.session));
  // Before the run can end: a crash in between must not lose its outputs.
  if (spec.outputs.length > 0) writeFileSync(join(state.outputs, claim.runId), '', { mode: 0o600 });
  if (spec.log !== undefined && spec.log.maxBytes !== null) markLimited(spec.name, state);
  publish(join(run.path, RUN_FILES.spec), formatSpec(recordSpec(spec, claim)));
  return run;
}

/** Whoever holds logs to their limits looks at these sessions only. */
function markLimited(name: SessionName, state: StateDirectory): void {
  const folder = join(state.path, STATE_FOLDERS.limited);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, name), '', { mode: 0o600 });
}

/** Points `<state>/sessions/<name>/current` at the run: for people and scripts, the claims decide. */
export function pointCurrentAt(run: RunDirectory, state: StateDirectory): void {
  const link = join(state.session(run.session), 'current');
  const draft = `${link}.${run.runId}.tmp`;
  symlinkSync(`../../runs/${run.runId}`, draft);
  renameSync(draft, link);
}

/** Takes back what was made for a claim, and the claim itself at last: until then nobody else may touch the name. */
export function discardClaim(claim: Claim, below: RunDirectory | null, state: StateDirectory): void {
  const run = state.run(claim.runId, claim.session);
  rmSync(run.envFile, { force: true });
  rmSync(join(state.outputs, claim.runId), { force: true });
  // Retried: a write that was under way when another one failed may still add a file.
  rmSync(run.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
  const current = join(state.session(claim.session), 'current');
  if (below === null) rmSync(current, { force: true });
  else pointCurrentAt(below, state);
  deleteClaim(state, claim);
  if (below === null) removeEmptySession(claim.session, state);
}

function removeEmptySession(name: SessionName, state: StateDirectory): void {
  try {
    rmdirSync(state.claims(name));
    rmdirSync(state.session(name));
  } catch (error) {
    // Somebody claimed the name again in this moment, or another claim is below: then the folders are needed.
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
  }
}

/** As JSON in two lines. The first is what differs from one attempt to the next: the launcher writes it anew, and copies the rest. */
function formatSpec({ schemaVersion, runId, claim, attempt, createdAt, starter, restarts, previous, ...rest }: RecordedSpec): string {
  const own = JSON.stringify({ schemaVersion, runId, claim, attempt, createdAt, starter, restarts, previous });
  return `${own.slice(0, -1)},\n${JSON.stringify(rest).slice(1)}\n`;
}

/** What spec.json says: the environment by names, the argv without secrets. */
function recordSpec(spec: SessionSpec, { runId, session, number, owner }: Claim): RecordedSpec {
  const secret = new Set(spec.secretEnv);
  const values = spec.env.filter(({ name, value }) => secret.has(name) && value !== '').map(({ value }) => value);
  const command = redactArgv(spec.command, values);
  return {
    schemaVersion: RECORD_SCHEMA_VERSION,
    runId,
    session,
    claim: number,
    backend: spec.backend,
    command,
    commandComplete: command.every((argument, index) => argument === spec.command[index]),
    workingDir: spec.workingDir,
    envNames: spec.env.map(({ name }) => name),
    secretEnv: spec.secretEnv,
    umask: spec.umask,
    terminal: spec.terminal,
    outputs: spec.outputs,
    stop: spec.stop,
    onExit: spec.onExit === null ? null : redactArgv(spec.onExit, values),
    container: spec.container,
    restart: spec.restart,
    ready: spec.ready,
    ...(spec.log === undefined ? {} : { log: spec.log }),
    firstRunId: runId,
    attempt: 1,
    restarts: 0,
    previous: null,
    createdAt: runIdTime(runId).toISOString(),
    starter: owner,
    hostname: hostname(),
    platform: process.platform,
  };
}

/** Appears whole or not at all. */
function publish(path: string, text: string): void {
  const draft = `${path}.tmp`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
}
