import { readFileSync } from 'node:fs';

/**
 * What a process has written so far, or null where the system does not say (it is Linux's /proc). For rsync's sender that is
 * what travels, and a little of its own progress display.
 */
export function bytesWritten(pid: number): number | null {
  try {
    const match = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${String(pid)}/io`, 'latin1'));
    return match?.[1] === undefined ? null : Number(match[1]);
  } catch {
    // Ended, or not ours to look at.
    return null;
  }
}
