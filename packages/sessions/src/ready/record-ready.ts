import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno } from '../errno.ts';
import type { RunDirectory } from '../run-directory.ts';
import { RECORD_SCHEMA_VERSION, RUN_FILES } from '../run-files.ts';

/** Writes down that the job of a run is ready: whole, and once, so that the first who saw it says when. A full disk costs the record, never the answer; nor does a run that was dropped meanwhile. */
export function recordReady(run: RunDirectory): void {
  const path = join(run.path, RUN_FILES.ready);
  const draft = `${path}.${String(process.pid)}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify({ schemaVersion: RECORD_SCHEMA_VERSION, at: new Date().toISOString() })}\n`, { mode: 0o600 });
    linkSync(draft, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST', 'ENOENT', 'ENOSPC', 'EDQUOT', 'EROFS')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
