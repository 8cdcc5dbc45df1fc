import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ProcessInfo } from '@longhaul/exec';
import { listProcesses, processInfo } from '@longhaul/exec';
import type { RunDirectory } from '@longhaul/sessions';
import { waitFor } from '@longhaul/testbed';

/** The processes of a run: launcher → script → shell → job. */
export interface RunProcesses {
  readonly launcher: number;
  readonly script: number;
  readonly shell: number;
  readonly job: number;
}

/** Who they are, from start.json and the process table. */
export function processesOf(run: RunDirectory): RunProcesses {
  const { pid, launcherPid, shellPid } = JSON.parse(readFileSync(join(run.path, 'start.json'), 'utf8')) as { pid: number; launcherPid: number; shellPid: number };
  const shell = processInfo(shellPid);
  if (shell === null) throw new Error(`the shell of ${run.session} is gone`);
  return { launcher: launcherPid, script: shell.ppid, shell: shellPid, job: pid };
}

/** Waits until a process is gone; a zombie is. */
export async function gone(pid: number): Promise<void> {
  await waitFor(() => !lives(pid), { interval: 5, what: `the end of process ${String(pid)}` });
}

export function lives(pid: number): boolean {
  const info = processInfo(pid);
  return info !== null && info.state !== 'zombie';
}

/** Living processes whose command line has this text. */
export function processesWith(text: string): readonly ProcessInfo[] {
  return listProcesses().filter(({ pid, state }) => state !== 'zombie' && commandLine(pid).includes(text));
}

export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
