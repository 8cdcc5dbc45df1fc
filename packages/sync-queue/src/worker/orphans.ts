import type { ChildProcess } from '../owner.ts';
import type { WorkerEnv } from './worker-env.ts';

/** Ends what dead workers of this host left running for a job; returns when it is gone. What another host left is fenced by the epoch. */
export async function endOrphans(env: WorkerEnv, jobId: string, processes: readonly ChildProcess[]): Promise<void> {
  const { host, bootId } = env.owners.self;
  for (const process of processes) {
    if (process.host !== host) continue;
    // Nothing lives through a boot.
    if (process.bootId === bootId) {
      await env.endProcess({ pid: process.pid, startTime: process.startTime });
      env.events.emit({ type: 'orphanEnded', jobId, pid: process.pid });
    }
    await env.store.forgetProcess(jobId, process);
  }
}
