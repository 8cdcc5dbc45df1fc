import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Owner, Owners } from '@longhaul/sync-queue';

/** Who is alive on this machine, by /proc: what host's own port does, in the few lines that the tests need. */
export function procOwners(): Owners {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const self: Owner = { host: hostname(), bootId, pid: process.pid, processStartTime: startTime(process.pid) ?? '' };
  return { self, isAlive: (owner) => (startTime(owner.pid) === owner.processStartTime ? 'alive' : 'dead') };
}

/** When a process was started, in clock ticks since boot; null where there is none, or only its corpse. */
export function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
