import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { onTestFinished } from 'vitest';

import type { RunDirectory, RunStore, SessionSpec } from '../../src/index.ts';
import { launcherArgv, newRunId, stopRun } from '../../src/index.ts';
import { specOf } from './temporary-store.ts';

/** Starts the real launcher as a backend does, without a terminal around it. */
export function launch(run: RunDirectory): { readonly process: ChildProcess; readonly ended: Promise<unknown> } {
  const [program = '', ...args] = launcherArgv(run);
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  onTestFinished(async () => {
    await stopRun(run, { how: 'force' }).catch(() => undefined);
    child.kill('SIGKILL');
  });
  return { process: child, ended: once(child, 'exit') };
}

/** A run of a shell script. */
export async function prepareScript(store: RunStore, script: string, changes: Partial<Omit<SessionSpec, 'name'>> = {}): Promise<RunDirectory> {
  const spec = specOf({ command: ['sh', '-c', script], ...changes });
  return store.prepare(spec, await store.claim(spec.name, newRunId(), { backend: spec.backend }));
}
