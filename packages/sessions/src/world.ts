import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

import type { Liveness, ProcessInfo } from '@longhaul/exec';
import { bootId, isAlive, listProcesses, processStartTime } from '@longhaul/exec';

import { currentPlace } from './process-place.ts';
import type { Starter } from './run-record.ts';

/** What a verdict needs to know about the machine it is made on: a port, so that verdicts are pure (design §4.2). */
export interface World {
  /** Changes with every boot, and from one PID namespace to the next: see `comparePlaces`. */
  readonly bootId: string;
  /** Which machine this is; the same after a reboot. */
  readonly host: string;
  /** Whether the process with this pid and start time, of this boot, still runs; a zombie does not. */
  readonly liveness: (pid: number, startTime: string) => Liveness;
}

/** The machine as it is now. To be made anew for each question: on systems without /proc it remembers one listing. */
export function systemWorld(): World {
  const liveness = process.platform === 'linux' ? processLiveness : rememberingLiveness();
  return {
    bootId: currentPlace(),
    // Needed only for records of another boot; it costs a file.
    get host() {
      return hostIdentity();
    },
    liveness,
  };
}

let ownHost: string | undefined;

/**
 * Twelve characters that tell machines apart and say nothing else: machine-id(5) asks not to be shown. No cryptographic hash is needed for
 * that, since 48 bits cannot tell 128, and to load one costs a start 2 ms.
 */
export function hostIdentity(): string {
  return (ownHost ??= shortHash(`longhaul:${machineId() ?? hostname()}`));
}

/** FNV-1a over 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/), of which the lower 48 are kept, as hexadecimal digits. */
export function shortHash(text: string): string {
  const hash = Buffer.from(text).reduce((value, byte) => BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
  return BigInt.asUintN(48, hash).toString(16).padStart(12, '0');
}

/** This process as the starter of a run. */
export function currentStarter(): Starter {
  return { pid: process.pid, startTime: processStartTime(process.pid) ?? 'hidden', bootId: currentPlace(), host: hostIdentity() };
}

function machineId(): string | null {
  try {
    const id = readFileSync('/etc/machine-id', 'latin1').trim();
    // A fresh image says "uninitialized" until its first boot.
    return /^[0-9a-f]{32}$/.test(id) ? id : null;
  } catch {
    // macOS, BSD and small containers have none: the host's name must do.
    return null;
  }
}

/** The boot is known to be ours, so the host is: its name may have changed since (a laptop in another network). */
function processLiveness(pid: number, startTime: string): Liveness {
  return isAlive({ host: hostname(), bootId: bootId(), pid, startTime });
}

/** One `ps` for all: a list of 500 sessions must not start 500 programs. What it does not show is asked for by itself. */
export function rememberingLiveness(): World['liveness'] {
  let known: ReadonlyMap<number, ProcessInfo> | undefined;
  return (pid, startTime) => {
    known ??= new Map(listProcesses().map((info) => [info.pid, info]));
    const info = known.get(pid);
    if (info?.startTime === startTime && info.state !== 'zombie') return 'alive';
    return processLiveness(pid, startTime);
  };
}
