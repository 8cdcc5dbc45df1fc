import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { isErrno } from './errno.ts';
import type { RunDirectory } from './run-directory.ts';
import { RECORD_SCHEMA_VERSION, RUN_FILES } from './run-files.ts';
import { hasLauncherTraces, observeRun } from './run-observation.ts';
import type { StopRecord } from './run-record.ts';
import { hasEnded } from './run-verdict.ts';
import type { World } from './world.ts';

/** How long a launcher that did come up may take until its job has started or been given up. */
const LAUNCHER_PATIENCE_MS = 5000;
const RETRY_MS = 10;

/** Who gives up a start, and how to look at it. */
export interface GiveUpOptions {
  readonly world: () => World;
  /** Recorded in stop.json. */
  readonly requestedBy: string;
}

/**
 * Makes sure that a start which nobody answers for cannot come up any more: its starter died, or its backend gave an
 * error, and yet tmux may have been told. The launcher writes launcher.json and then looks for stop.json; here stop.json
 * is written and then launcher.json looked for. So at least one sees the other, and never do both go on.
 *
 * @returns `came up` when the launcher was first: the run is alive and keeps its name.
 */
export async function giveUpStart(run: RunDirectory, { world, requestedBy }: GiveUpOptions): Promise<'given up' | 'came up'> {
  const stop = writeStop(run, requestedBy);
  const deadline = performance.now() + LAUNCHER_PATIENCE_MS;
  for (;;) {
    const { reading, verdict } = observeRun(run, { world: world() });
    const { start } = reading.records;
    if (hasEnded(verdict)) return 'given up';
    if (start !== null) {
      // The launcher was past its look at stop.json: the job runs, and nobody wants it stopped.
      stop.takeBack();
      return 'came up';
    }
    if (!hasLauncherTraces(reading.records)) return 'given up';
    if (performance.now() > deadline) return 'came up';
    await delay(RETRY_MS);
  }
}

function writeStop(run: RunDirectory, requestedBy: string): { readonly takeBack: () => void } {
  const intent: StopRecord = { requestedAt: new Date().toISOString(), requestedBy, how: 'graceful', signal: 'INT', timeoutMs: 0 };
  const path = `${run.path}/${RUN_FILES.stop}`;
  const draft = `${path}.${String(process.pid)}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify({ schemaVersion: RECORD_SCHEMA_VERSION, ...intent })}\n`, { mode: 0o600 });
  } catch (error) {
    // On a full disk the file is empty, and that is enough: the launcher asks only whether it is there.
    if (!isErrno(error, 'ENOSPC', 'EDQUOT') || !existsSync(draft)) throw error;
  }
  renameSync(draft, path);
  return { takeBack: () => rmSync(path, { force: true }) };
}
