import { readdirSync, readFileSync } from 'node:fs';
import { runToEnd } from '@longhaul/testbed';
import { median } from './paired.ts';
import type { Figure } from './report.ts';
import type { Workspace } from './workspace.ts';

interface ListedSession {
  readonly name: string;
  readonly pid: number | null;
}

/**
 * Proportional memory of what stands around a running job (launcher, script, inner shell), the job itself left out.
 * Needs sessions that run; the tmux server, shared by all, is reported apart.
 */
export async function measureMemory(bench: Workspace): Promise<readonly Figure[]> {
  const listed = JSON.parse(await bench.longhaul(['list', '--json'])) as { readonly data: { readonly sessions: readonly ListedSession[] } };
  const around = listed.data.sessions.flatMap(({ pid }) => (pid === null ? [] : [ancestorsOf(pid).reduce((sum, ancestor) => sum + pss(ancestor), 0)]));
  const server = (await runToEnd('pgrep', ['-f', '^tmux.* new-session'])).stdout.toString('utf8').trim().split('\n').filter(Boolean);
  const detail = `median of ${String(around.length)} running jobs; ${String(server.length)} tmux servers on this machine`;
  return [{ title: 'memory of a running job beyond the job itself', value: median(around) / 1024, unit: 'MB (PSS)', aim: 4, detail }];
}

/** From the parent up to, but not including, the tmux server. */
function ancestorsOf(pid: number): readonly number[] {
  const chain: number[] = [];
  for (let at = parentOf(pid); at > 1 && !readFileSync(`/proc/${String(at)}/comm`, 'utf8').startsWith('tmux'); at = parentOf(at)) chain.push(at);
  return chain;
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0);
}

/** KiB. */
function pss(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8'))?.[1] ?? Number.NaN);
}

/** Whether this machine has what the measurement reads. */
export function canMeasureMemory(): boolean {
  return readdirSync('/proc/self').includes('smaps_rollup');
}
