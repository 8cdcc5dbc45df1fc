import type { Fact } from './doctor-row.ts';
import { known } from './doctor-row.ts';
import type { Machine } from './machine.ts';
import { ask } from './machine.ts';
import type { ProgramFact, ScriptFact } from './programs.ts';

/** A program by the first line that it prints about its version; null where it is not installed. */
export async function readProgram(machine: Machine, program: string, versionArgs: readonly string[]): Promise<Fact<ProgramFact | null>> {
  const asked = await ask(machine, program, versionArgs);
  if (!asked.known || asked.value === null) return asked as Fact<null>;
  const { path, stdout, stderr } = asked.value;
  // ssh says it on stderr.
  return known({ path, version: firstLine(stdout) || firstLine(stderr) || 'a version that it does not say' });
}

/** Tries script(1) as the launcher uses it: a command whose code must come through. */
export async function readScript(machine: Machine): Promise<Fact<ScriptFact | null>> {
  const version = await readProgram(machine, 'script', ['--version']);
  if (!version.known || version.value === null) return version as Fact<null>;
  const form = /util-linux/.test(version.value.version) ? 'util-linux' : machine.platform === 'linux' ? 'other' : 'bsd';
  const tried = await ask(machine, 'script', form === 'bsd' ? ['-q', '/dev/null', '/bin/sh', '-c', 'exit 7'] : ['-qef', '-c', 'exit 7', '/dev/null']);
  if (!tried.known) return tried;
  return known({ path: version.value.path, version: form === 'bsd' ? 'script' : version.value.version, form, works: tried.value?.exitCode === 7 });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]?.trim() ?? '';
}
