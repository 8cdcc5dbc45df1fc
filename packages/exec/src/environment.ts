import type { CommandEnvironment } from './command.ts';

/** The environment that a program gets. */
export function buildEnvironment({ base = 'inherit', set = {}, unset = [] }: CommandEnvironment = {}): Record<string, string> {
  const environment = new Map(base === 'inherit' ? definedEntries(process.env) : []);
  for (const name of unset) environment.delete(name);
  for (const [name, value] of definedEntries(set)) environment.set(name, value);
  return Object.fromEntries(environment);
}

function definedEntries(record: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined);
}
