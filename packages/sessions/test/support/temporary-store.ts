import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import type { RunDirectory, RunId, RunStoreOptions, SessionSpec } from '../../src/index.ts';
import { newRunId, NO_RESTART, parseSessionName, RunStore } from '../../src/index.ts';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'longhaul-sessions-'));
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** A store on an empty state directory, without the launcher's files unless they are asked for. */
export function temporaryStore(options: Partial<RunStoreOptions> = {}): RunStore {
  return new RunStore({ stateDir: join(temporaryFolder(), 'state'), writeLaunchFiles: async () => Promise.resolve(), ...options });
}

/** A complete spec. */
export function specOf(changes: Partial<Omit<SessionSpec, 'name'>> & { readonly name?: string } = {}): SessionSpec {
  const { name = 'train', ...rest } = changes;
  return {
    backend: 'tmux',
    command: ['true'],
    workingDir: '/',
    env: [{ name: 'PATH', value: '/usr/bin:/bin' }],
    secretEnv: [],
    umask: 0o022,
    terminal: { columns: 80, rows: 24 },
    outputs: [],
    stop: {},
    onExit: null,
    container: null,
    restart: NO_RESTART,
    ready: null,
    ...rest,
    name: parseSessionName(name),
  };
}

/** Claims a name and prepares a run, as a start does. */
export async function prepared(store: RunStore, spec: SessionSpec = specOf(), runId: RunId = newRunId()): Promise<RunDirectory> {
  return store.prepare(spec, await store.claim(spec.name, runId, { backend: spec.backend }));
}

/** Puts a record into a run's folder as it is. */
export function writeRecord(run: RunDirectory, file: string, content: object | string): void {
  mkdirSync(run.path, { recursive: true });
  writeFileSync(join(run.path, file), typeof content === 'string' ? content : JSON.stringify(content));
}

/** Records that the run ended by itself. */
export function writeExit(run: RunDirectory, changes: object = {}): void {
  writeRecord(run, 'exit.json', { exitCode: 0, signal: null, oomKilled: null, endedAt: new Date().toISOString(), reason: 'exit', stoppedBy: null, ...changes });
}
