import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';

import type { ProcessInfo } from '@longhaul/exec';
import { listProcesses, processInfo, systemRunner } from '@longhaul/exec';

import { isErrno } from '../errno.ts';
import { RUN_TAG } from '../launcher/env-file.ts';
import type { RunId } from '../run-record.ts';

/** What a stop sees of the machine's processes, and the one way it touches them. */
export interface ProcessView {
  readonly list: () => readonly ProcessInfo[];
  readonly look: (pid: number) => ProcessInfo | null;
  /** The processes whose environment carries the run's tag. */
  readonly tagged: (runId: RunId) => Promise<readonly number[]>;
  /** The tmux servers: they are never swept, and what runs under one is not a run's unless it is the run's own (design §4.5). */
  readonly tmuxServers: () => Promise<readonly number[]>;
  /** Whether a process is known to ignore this signal: to wait for it would be in vain. */
  readonly ignores: (pid: number, signal: NodeJS.Signals) => boolean;
  /** Whether this user may signal a process: not one that became another's, by sudo or a setuid program. */
  readonly reaches: (pid: number) => boolean;
  /** Sends a signal to a process, or to a group by its negative number. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => SignalOutcome;
}

/** `gone`: there is nobody (any more). `refused`: another user's. A group is refused where nobody in it got the signal. */
export type SignalOutcome = 'sent' | 'gone' | 'refused';

/** This machine. Linux: /proc is read; elsewhere ps is asked. */
export function systemProcesses(platform: NodeJS.Platform = process.platform): ProcessView {
  const linux = platform === 'linux';
  return {
    list: listProcesses,
    look: processInfo,
    tagged: linux ? taggedInProc : taggedInPs,
    tmuxServers: linux ? serversInProc : serversInPs,
    ignores: linux ? ignoresInProc : () => false,
    reaches: (pid) => sendSignal(pid, 0) !== 'refused',
    kill: sendSignal,
  };
}

function sendSignal(pid: number, signal: NodeJS.Signals | 0): SignalOutcome {
  // 0 and 1 mean this process's own group and everybody: no record of ours may ever lead there.
  if (Math.abs(pid) <= 1) return 'gone';
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return 'gone';
    if (isErrno(error, 'EPERM')) return 'refused';
    throw error;
  }
}

function taggedInProc(runId: RunId): Promise<readonly number[]> {
  const wanted = `\0${tagOf(runId)}\0`;
  return Promise.resolve(pidsInProc().filter((pid) => `\0${readProc(pid, 'environ')}\0`.includes(wanted)));
}

function serversInProc(): Promise<readonly number[]> {
  return Promise.resolve(pidsInProc().filter((pid) => readProc(pid, 'comm').startsWith('tmux: server')));
}

function ignoresInProc(pid: number, signal: NodeJS.Signals): boolean {
  const [, mask] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readProc(pid, 'status')) ?? [];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

function pidsInProc(): readonly number[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** Empty for a process that is gone, or another user's: neither is ours to end. */
function readProc(pid: number, file: 'environ' | 'comm' | 'status'): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

async function taggedInPs(runId: RunId): Promise<readonly number[]> {
  const flags = process.platform === 'linux' ? ['axeww'] : ['-A', '-E', '-ww'];
  return parsePsPids(await ps([...flags, '-o', 'pid=,command=']), (command) => command.split(' ').includes(tagOf(runId)));
}

async function serversInPs(): Promise<readonly number[]> {
  return parsePsPids(await ps(['-A', '-o', 'pid=,comm=']), (command) => /(?:^|\/)tmux(?::|$)/.test(command));
}

/** The processes among the lines of `ps -o pid=,…` whose second column pleases. */
export function parsePsPids(text: string, pleases: (command: string) => boolean): readonly number[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid !== undefined && command !== undefined && pleases(command) ? [Number(pid)] : [];
  });
}

async function ps(args: readonly string[]): Promise<string> {
  // The answer holds environments: it is searched here and goes nowhere else.
  const outcome = await systemRunner().run({ program: 'ps', args, env: { set: { LC_ALL: 'C' } }, timeoutMs: 10_000, stdout: { maxBytes: 64 * 1024 * 1024 } });
  return outcome.stdout.text;
}

function tagOf(runId: RunId): string {
  return `${RUN_TAG}=${runId}`;
}
