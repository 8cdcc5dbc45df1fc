import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ProcessInfo } from '@longhaul/exec';

import { LAUNCH_FILES } from '../launcher/launch-file-names.ts';
import type { RunDirectory } from '../run-directory.ts';
import type { ProcessView } from './process-view.ts';

/** The job's parent, which writes down how it ends, or null where it is gone. */
export function shellOf(run: RunDirectory, view: Pick<ProcessView, 'look'>): ProcessInfo | null {
  const named = parsePids(readPids(run));
  const info = named === null ? null : view.look(named.pid);
  return info !== null && info.startTime === named?.startTime ? info : null;
}

/** The third and fourth line of the file: pid and start time of the parent. */
export function parsePids(text: string): { readonly pid: number; readonly startTime: string } | null {
  const [, , pid = '', startTime = ''] = text.split('\n').map((line) => line.trim());
  return /^[1-9]\d*$/.test(pid) && startTime !== '' ? { pid: Number(pid), startTime } : null;
}

function readPids(run: RunDirectory): string {
  try {
    return readFileSync(join(run.path, LAUNCH_FILES.pids), 'utf8');
  } catch {
    // No such file: a run that was never launched, or one that retention took.
    return '';
  }
}
