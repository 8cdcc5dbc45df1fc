import type { CommandEnvironment } from './command.ts';

/**
 * What marks the processes of a job (design §4.5). Whoever calls Longhaul inside a job has it; what Longhaul starts for itself is none of that
 * job's: an engine's helper or a master of ssh lives on, is shared with others, and the job's stop would end it.
 */
const JOB_TAG = 'LONGHAUL_RUN_ID';

/** The environment that a program gets. */
export function buildEnvironment({ base = 'inherit', set = {}, unset = [] }: CommandEnvironment = {}): Record<string, string> {
  const environment = new Map(base === 'inherit' ? definedEntries(process.env).filter(([name]) => name !== JOB_TAG) : []);
  for (const name of unset) environment.delete(name);
  for (const [name, value] of definedEntries(set)) environment.set(name, value);
  return Object.fromEntries(environment);
}

function definedEntries(record: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined);
}
