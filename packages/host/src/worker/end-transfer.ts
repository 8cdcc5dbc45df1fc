import { setTimeout as delay } from 'node:timers/promises';

import type { ProcessInfo } from '@longhaul/exec';
import { listProcesses, processInfo } from '@longhaul/exec';

/** A transfer that is asked to end keeps its partial file, so that nothing is sent twice. Milliseconds until it is killed. */
const PATIENCE_MS = 3000;
/** A process in an uninterruptible wait does not even end by KILL; the lease and the epoch protect the destination then. */
const KILL_WAIT_MS = 5000;
const POLL_MS = 20;

/**
 * Ends a transfer that a dead worker left behind, with the whole group it leads, and returns when it is gone. A pid that was
 * given to another program since is left alone: the system gives no pid away while a group of that number lives.
 */
export async function endTransfer({ pid, startTime }: { readonly pid: number; readonly startTime: string }): Promise<void> {
  const members = (): readonly ProcessInfo[] => groupOf(pid, startTime);
  for (const [signal, patience] of [['SIGTERM', PATIENCE_MS], ['SIGKILL', KILL_WAIT_MS]] as const) {
    for (const member of members()) signalOne(member.pid, signal);
    const end = performance.now() + patience;
    while (members().length > 0 && performance.now() < end) await delay(POLL_MS);
    if (members().length === 0) return;
  }
}

function groupOf(pid: number, startTime: string): readonly ProcessInfo[] {
  const leader = processInfo(pid);
  if (leader !== null && leader.startTime !== startTime) return [];
  return listProcesses().filter((info) => info.state !== 'zombie' && info.pid !== process.pid && (info.pgid === pid || info.sid === pid));
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone in this moment.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
