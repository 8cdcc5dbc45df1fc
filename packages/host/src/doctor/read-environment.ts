import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Fact } from './doctor-row.ts';
import { known, notKnown } from './doctor-row.ts';
import type { HookFact, LimitsFact } from './environment.ts';
import { parseLimits } from './environment.ts';
import type { Machine } from './machine.ts';
import { ask, readText } from './machine.ts';

/** Limits of this process. Linux: a file; elsewhere the shell is asked, which inherits them. */
export async function readLimits(machine: Machine): Promise<Fact<LimitsFact>> {
  if (machine.platform !== 'linux') return await askShell(machine);
  const text = readText(machine, 'proc/self/limits');
  if (!text.known) return text;
  const limits = text.value === null ? null : parseLimits(text.value);
  return limits === null ? notKnown('/proc/self/limits does not say') : known(limits);
}

async function askShell(machine: Machine): Promise<Fact<LimitsFact>> {
  const asked = await ask(machine, '/bin/sh', ['-c', 'ulimit -n; ulimit -u']);
  if (!asked.known) return asked;
  const [openFiles, processes] = (asked.value?.stdout ?? '').trim().split('\n').map((text) => (text === 'unlimited' ? null : /^\d+$/.test(text) ? Number(text) : undefined));
  return openFiles === undefined || processes === undefined ? notKnown('sh does not say its limits') : known({ openFiles, processes });
}

/** Whether what launchers will call is there. */
export function readHook(program: readonly string[] | null): HookFact | null {
  if (program === null) return null;
  return { argv: program, missing: program.filter((part) => path.isAbsolute(part) && !existsSync(part)) };
}
