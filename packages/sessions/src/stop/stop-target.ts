import type { ProcessInfo } from '@longhaul/exec';

import type { RunId } from '../run-record.ts';

/** Whom a stop ends, and whom it must leave alone. */
export interface StopTarget {
  readonly job: { readonly pid: number; readonly startTime: string };
  /** The job's parent inside script(1): it shares the job's session and group, and must live to write down the end. null for a session that is not ours. */
  readonly shellPid: number | null;
  /** null where there is no tag to look for. */
  readonly runId: RunId | null;
  /** Sessions (sid) that belong to the job. */
  readonly sessions: ReadonlySet<number>;
}

/** What {@link membersOf} looks at. */
export interface ProcessSnapshot {
  readonly processes: readonly ProcessInfo[];
  readonly tagged: ReadonlySet<number>;
  readonly tmuxServers: ReadonlySet<number>;
  /** This process: one may stop a session from inside it. */
  readonly self: number;
}

/**
 * The living processes of a run (design §4.5): its session, its descendants, and what carries its tag. Never a tmux server or what
 * runs under one of somebody else's, never the parent that writes the record, never this process. Pure.
 */
export function membersOf(target: StopTarget, snapshot: ProcessSnapshot): readonly ProcessInfo[] {
  const byPid = new Map(snapshot.processes.map((info) => [info.pid, info]));
  const isOurs = (info: ProcessInfo): boolean => {
    if (isJob(info, target)) return true;
    if (info.pid <= 1 || info.pid === snapshot.self || info.pid === target.shellPid || snapshot.tmuxServers.has(info.pid)) return false;
    // What the parent itself starts writes the record.
    if (target.shellPid !== null && info.ppid === target.shellPid) return false;
    if (info.sid !== null && target.sessions.has(info.sid)) return true;
    const line = ancestry(info, byPid, { until: target, servers: snapshot.tmuxServers });
    return line === 'job' || (line === 'stranger' && snapshot.tagged.has(info.pid));
  };
  return snapshot.processes.filter((info) => info.state !== 'zombie' && isOurs(info));
}

function isJob(info: ProcessInfo, { job }: StopTarget): boolean {
  return info.pid === job.pid && info.startTime === job.startTime;
}

type Line = 'job' | 'tmux' | 'stranger';

/** Whom a process comes from, as far as its parents still live: the job, a tmux server, or neither. */
function ancestry(info: ProcessInfo, byPid: ReadonlyMap<number, ProcessInfo>, { until, servers }: { readonly until: StopTarget; readonly servers: ReadonlySet<number> }): Line {
  const seen = new Set<number>();
  for (let parent = byPid.get(info.ppid); parent !== undefined && !seen.has(parent.pid); parent = byPid.get(parent.ppid)) {
    if (isJob(parent, until)) return 'job';
    if (servers.has(parent.pid)) return 'tmux';
    seen.add(parent.pid);
  }
  return 'stranger';
}
