import { realpathSync } from 'node:fs';
import path from 'node:path';

import type { RunDirectory, RunStore } from '@longhaul/sessions';
import type { Job } from '@longhaul/sync-queue';
import { displayPath, rawPathFromText } from '@longhaul/sync-transports';

/**
 * Why a source must not be sealed now: it is an output of a session that still runs (design §5.1). null: nothing stands in
 * the way. Reads records only.
 */
export async function sourceBusy(job: Pick<Job, 'source'>, runs: RunStore): Promise<string | null> {
  for (const status of runs.currentStatuses()) {
    if (status.state !== 'running' || status.runId === null) continue;
    const run = await runs.find(status.runId);
    if (run !== null && (await isOutputOf(run, job.source, runs))) return `session "${status.name}", whose output it is, still runs`;
  }
  return null;
}

async function isOutputOf(run: RunDirectory, source: string, runs: RunStore): Promise<boolean> {
  const spec = await runs.recordedSpec(run).catch(() => null);
  // A spec that cannot be read names no outputs; the seal itself still notices a file that changes.
  return spec?.outputs.some((output) => displayOf(path.resolve(spec.workingDir, output.path)) === source) === true;
}

function displayOf(file: string): string | null {
  try {
    return displayPath(rawPathFromText(realpathSync(file)));
  } catch {
    // Not made yet: then it is no source either.
    return null;
  }
}
