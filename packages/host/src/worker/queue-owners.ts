import type { ProcessIdentity } from '@longhaul/exec';
import { currentProcess, isAlive } from '@longhaul/exec';
import type { Owner, Owners } from '@longhaul/sync-queue';

/** Who this process is to the queue, and who of the others still lives (design §5.5). */
export function queueOwners(): Owners {
  return { self: toOwner(currentProcess()), isAlive: (owner) => isAlive(toIdentity(owner)) };
}

function toOwner({ host, bootId, pid, startTime }: ProcessIdentity): Owner {
  return { host, bootId, pid, processStartTime: startTime };
}

function toIdentity({ host, bootId, pid, processStartTime }: Owner): ProcessIdentity {
  return { host, bootId, pid, startTime: processStartTime };
}
