import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a control group has used: all processes that are or were in it. Linux only. */
export interface ControlGroupUsage {
  /** Processor time in milliseconds. */
  readonly cpuMs: number | null;
  /** Bytes, without page cache that can be dropped at any time. */
  readonly memoryBytes: number | null;
  /** Bytes; null where there is no limit. */
  readonly memoryLimitBytes: number | null;
}

/** Where the file system of control groups is mounted. */
const ROOT = '/sys/fs/cgroup';

/**
 * The usage of the control group that a process is in, or null where it shares one with this process (then the group is not its
 * own), or none can be read. Versions 1, 2 and the mixture of both are known.
 */
export function controlGroupUsage(pid: number): ControlGroupUsage | null {
  const theirs = read(`/proc/${String(pid)}/cgroup`);
  return theirs === null || theirs === read('/proc/self/cgroup') ? null : usageOfGroups(theirs, ROOT);
}

/** The usage of the groups that a text of /proc/PID/cgroup names, mounted at `root`. */
export function usageOfGroups(text: string, root: string): ControlGroupUsage | null {
  const groups = parseControlGroups(text);
  const unified = groups.get('');
  const version2 = unified === undefined ? null : usage2(unified, root);
  if (version2 !== null) return version2;
  const memory = groups.get('memory');
  const cpu = groups.get('cpuacct');
  return usage1(memory === undefined ? null : join(root, 'memory', memory), cpu === undefined ? [] : [join(root, 'cpuacct', cpu), join(root, 'cpu,cpuacct', cpu)]);
}

/** Paths of /proc/PID/cgroup by controller; the unified hierarchy is ``. A path may hold colons. */
export function parseControlGroups(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) groups.set(controller, path);
  }
  return groups;
}

function usage2(group: string, root: string): ControlGroupUsage | null {
  const folder = join(root, group);
  const current = numberIn(read(join(folder, 'memory.current')));
  const cpu = /^usage_usec (\d+)$/m.exec(read(join(folder, 'cpu.stat')) ?? '')?.[1];
  if (current === null || cpu === undefined) return null;
  const cache = Number(/^inactive_file (\d+)$/m.exec(read(join(folder, 'memory.stat')) ?? '')?.[1] ?? 0);
  return { cpuMs: Number(cpu) / 1000, memoryBytes: Math.max(0, current - cache), memoryLimitBytes: limit2(group, root) };
}

/** The lowest limit on the way up: engines set it on a group above that of the processes. */
function limit2(group: string, root: string): number | null {
  const own = numberIn(read(join(root, group, 'memory.max')));
  const above = group === '/' || group === '' || group === '.' ? null : limit2(dirname(group), root);
  return own === null || above === null ? (own ?? above) : Math.min(own, above);
}

function usage1(memory: string | null, cpu: readonly string[]): ControlGroupUsage | null {
  const used = memory === null ? null : numberIn(read(join(memory, 'memory.usage_in_bytes')));
  const stat = (memory === null ? null : read(join(memory, 'memory.stat'))) ?? '';
  const cache = Number(/^total_inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
  const limit = numberIn(/^hierarchical_memory_limit (\d+)$/m.exec(stat)?.[1] ?? null);
  const nanoseconds = cpu.map((folder) => numberIn(read(join(folder, 'cpuacct.usage')))).find((value) => value !== null) ?? null;
  if (used === null && nanoseconds === null) return null;
  return {
    cpuMs: nanoseconds === null ? null : nanoseconds / 1e6,
    memoryBytes: used === null ? null : Math.max(0, used - cache),
    // "No limit" is the largest number of pages there.
    memoryLimitBytes: limit !== null && limit < 2 ** 60 ? limit : null,
  };
}

/** null for `max`, for nothing, and for what is no number. */
function numberIn(text: string | null): number | null {
  return text !== null && /^\d+\s*$/.test(text) ? Number(text) : null;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there in this version, gone since, or hidden: the caller says that nothing is known.
    return null;
  }
}
