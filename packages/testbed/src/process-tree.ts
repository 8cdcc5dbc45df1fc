import { readdirSync, readFileSync } from 'node:fs';
import { waitFor } from './wait-for.ts';

/**
 * Ends whatever names `folder` in its command line (conmon, containerd and its shims, clients) and all that came of it. For the end of a
 * service of a folder of its own, when its own way to end things is over or gone.
 */
export async function killProcessesOf(folder: string): Promise<void> {
  const doomed = processesOf(folder);
  for (const pid of doomed) kill(pid);
  await waitFor(() => doomed.every((pid) => !isAlive(pid)), { what: `the end of the processes of ${folder}` });
}

function processesOf(folder: string): readonly number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const named = all.filter((pid) => pid !== process.pid && read(`/proc/${String(pid)}/cmdline`).includes(`${folder}/`));
  const found = new Set(named);
  for (const parent of found) {
    for (const pid of all) if (parentOf(pid) === parent) found.add(pid);
  }
  return [...found];
}

function parentOf(pid: number): number {
  return Number(/\) \S (\d+)/.exec(read(`/proc/${String(pid)}/stat`))?.[1] ?? -1);
}

/** Whether a process runs. A zombie does not: whether its parent reaps it is another matter. */
export function isAlive(pid: number): boolean {
  const state = /\) (\S)/.exec(read(`/proc/${String(pid)}/stat`))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
