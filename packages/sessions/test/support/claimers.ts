import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { waitFor } from '@longhaul/testbed';
import { onTestFinished } from 'vitest';

/** Another process that tries to start a session, and what came of it. */
export interface Claimer {
  readonly process: ChildProcess;
  /** `won RUNID` or `lost CODE`. */
  readonly outcome: Promise<string>;
}

/** Starts processes that try to have one name, and lets them go at the same moment. They live until the test ends. */
export async function claimersOf({ stateDir, name, how, count }: { readonly stateDir: string; readonly name: string; readonly how: 'claim' | 'prepare'; readonly count: number }): Promise<readonly Claimer[]> {
  const go = `${stateDir}.go-${name}`;
  const claimers = Array.from({ length: count }, () => startClaimer([stateDir, name, how, go]));
  const ready = (): boolean => readdirSync(dirname(go)).filter((file) => join(dirname(go), file).startsWith(`${go}.ready-`)).length === count;
  await waitFor(ready, { what: 'every process to be ready', deadline: 60_000 });
  writeFileSync(go, '');
  return claimers;
}

function startClaimer(args: readonly string[]): Claimer {
  const child = spawn(process.execPath, ['--conditions=@longhaul/source', join(import.meta.dirname, '../fixtures/claimer.ts'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface({ input: child.stdout });
  return { process: child, outcome: once(lines, 'line').then(([line]) => String(line)) };
}

/** Ends a process as a crash does; settles when it is gone. */
export async function crash({ process: child }: Claimer): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
