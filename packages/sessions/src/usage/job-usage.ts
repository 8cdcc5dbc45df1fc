import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

import type { ControlGroupUsage, ProcessInfo, ProcessUsage } from '@longhaul/exec';
import { controlGroupUsage, processInfo, processUsage } from '@longhaul/exec';

import type { RunDirectory } from '../run-directory.ts';
import { readRun } from '../run-reader.ts';
import type { SessionStatus } from '../session-status.ts';
import { shellOf } from '../stop/inner-shell.ts';
import type { ProcessView } from '../stop/process-view.ts';
import { systemProcesses } from '../stop/process-view.ts';
import type { StopTarget } from '../stop/stop-target.ts';
import { membersOf } from '../stop/stop-target.ts';

/** What a running job uses: all its processes together. */
export interface JobUsage {
  /** `container`: its control group, with all that ever ran in it. `processes`: those that live, and the ended children they waited for. */
  readonly of: 'container' | 'processes';
  /** Processor time so far, in milliseconds. */
  readonly cpuMs: number | null;
  /** Of one processor, over the time of measuring: 250 is two and a half. */
  readonly cpuPercent: number | null;
  /** Bytes that are in memory. Pages shared between processes count once in a container, for each process elsewhere. */
  readonly memoryBytes: number | null;
  /** The container's limit in bytes; null where there is none. */
  readonly memoryLimitBytes: number | null;
  /** How many processes were found; null where the container's group was measured. */
  readonly processes: number | null;
}

/** How {@link jobUsage} looks. */
export interface UsageOptions {
  /** Milliseconds between the two looks that `cpuPercent` is made of. Default 200: the clock ticks every 10. */
  readonly sampleMs?: number;
  readonly view?: ProcessView;
}

/** One look. */
interface Sample extends Pick<JobUsage, 'of' | 'memoryBytes' | 'memoryLimitBytes' | 'processes'> {
  /** Milliseconds of each process, or of the whole group under ''. */
  readonly cpu: ReadonlyMap<string, number>;
  readonly at: number;
}

/** What the job of a session uses, or null where it does not run or cannot be seen. Starts no program on Linux. */
export async function jobUsage(status: SessionStatus, run: RunDirectory | null, { sampleMs = 200, view = systemProcesses() }: UsageOptions = {}): Promise<JobUsage | null> {
  const target = targetOf(status, run, view);
  if (target === null) return null;
  // Whom to look at is found out once: it takes a look at every process of the machine.
  const measure = await measureOf(target, status, view);
  const first = measure();
  if (first === null) return null;
  await delay(sampleMs);
  const second = measure() ?? first;
  const cpuMs = totalOf(second);
  return { of: second.of, cpuMs, cpuPercent: cpuMs === null ? null : percentBetween(first, second), memoryBytes: second.memoryBytes, memoryLimitBytes: second.memoryLimitBytes, processes: second.processes };
}

/** The processes of a job: those that a stop would end (design §4.5). */
function targetOf({ pid, runId, state }: SessionStatus, run: RunDirectory | null, view: ProcessView): StopTarget | null {
  if (pid === null || !LIVES.has(state)) return null;
  const recorded = run === null ? null : readRun(run).records.start;
  const job = processInfo(pid);
  // The number may have been given to somebody else since the status was made.
  if (job === null || (recorded !== null && recorded.processStartTime !== job.startTime)) return null;
  const shell = run === null ? null : shellOf(run, view);
  return { job: { pid, startTime: job.startTime }, shellPid: shell?.pid ?? null, runId, sessions: sessionsOf(job, shell) };
}

const LIVES: ReadonlySet<SessionStatus['state']> = new Set(['running', 'paused']);

function sessionsOf(job: ProcessInfo, shell: ProcessInfo | null): ReadonlySet<number> {
  return new Set([job.sid, shell?.sid ?? null].filter((sid): sid is number => sid !== null && sid > 1));
}

/** How a job is measured: a container by its control group, which counts all that ever ran in it; any other by its processes. */
async function measureOf(target: StopTarget, { backend }: SessionStatus, view: ProcessView): Promise<() => Sample | null> {
  const { pid } = target.job;
  // Outside containers a group holds more than the job: the whole login, as a rule.
  if (backend === 'container' && controlGroupUsage(pid) !== null) {
    return () => {
      const usage = controlGroupUsage(pid);
      return usage === null ? null : sampleOfGroup(usage, performance.now());
    };
  }
  const tagged = target.runId === null ? [] : await view.tagged(target.runId);
  const members = membersOf(target, { processes: view.list(), tagged: new Set(tagged), tmuxServers: new Set(await view.tmuxServers()), self: process.pid });
  const pids = members.map((member) => member.pid);
  return () => {
    const usages = processUsage(pids);
    return usages.length === 0 ? null : sampleOfProcesses(usages, performance.now());
  };
}

function sampleOfGroup({ cpuMs, memoryBytes, memoryLimitBytes }: ControlGroupUsage, at: number): Sample {
  return { of: 'container', cpu: new Map(cpuMs === null ? [] : [['', cpuMs]]), memoryBytes, memoryLimitBytes, processes: null, at };
}

function sampleOfProcesses(usages: readonly ProcessUsage[], at: number): Sample {
  const memoryBytes = usages.reduce((sum, usage) => sum + usage.memoryBytes, 0);
  return { of: 'processes', cpu: new Map(usages.map(({ pid, startTime, cpuMs }) => [`${String(pid)} ${startTime}`, cpuMs])), memoryBytes, memoryLimitBytes: null, processes: usages.length, at };
}

function totalOf({ cpu }: Sample): number | null {
  return cpu.size === 0 ? null : [...cpu.values()].reduce((sum, value) => sum + value, 0);
}

/**
 * Process by process, for one that ended between the looks would make the sum shrink. Its parent, which waited for it, has its whole
 * life at once; that is no more than all processors could have done meanwhile.
 */
function percentBetween(first: Sample, second: Sample): number {
  const elapsed = second.at - first.at;
  if (elapsed <= 0) return 0;
  const used = [...second.cpu].reduce((sum, [key, cpuMs]) => sum + Math.max(0, cpuMs - (first.cpu.get(key) ?? cpuMs)), 0);
  return Math.min(Math.round((used / elapsed) * 1000) / 10, availableParallelism() * 100);
}
