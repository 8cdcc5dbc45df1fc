import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Environment } from '@longhaul/config';
import type { Outcome, ProcessRunner } from '@longhaul/exec';
import { describeOutcome, findProgram } from '@longhaul/exec';

import type { Fact } from './doctor-row.ts';
import { known, notKnown } from './doctor-row.ts';

/** What the doctor looks at. */
export interface Machine {
  readonly runner: ProcessRunner;
  readonly env: Environment;
  /** Where the file system begins: `/`, but in tests. */
  readonly root: string;
  readonly platform: NodeJS.Platform;
  /** -1 where the system has none. */
  readonly uid: number;
  /** Login name, for commands that name it. */
  readonly user: string;
}

/** How long a program may take to say its version, or whether its server answers. Milliseconds. */
const ANSWER_MS = 10_000;

/** The text of a file of the system; null where there is none. */
export function readText(machine: Pick<Machine, 'root'>, file: string): Fact<string | null> {
  try {
    return known(readFileSync(path.join(machine.root, file), 'utf8'));
  } catch (error) {
    const code = errnoOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? known(null) : notKnown(`${file} cannot be read (${code ?? String(error)})`);
  }
}

/** The short name of a system error. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** What a program that was asked said. */
export interface Asked {
  /** Where it is. */
  readonly path: string;
  /** null: it did not end by itself. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program that is on PATH; null where it is not there. */
export async function ask({ runner, env }: Machine, program: string, args: readonly string[]): Promise<Fact<Asked | null>> {
  const found = findProgram(program, env);
  if (found === null) return known(null);
  const outcome = await runner.run({ program: found, args, env: { base: 'empty', set: { ...env, LC_ALL: 'C' } }, timeoutMs: ANSWER_MS, killGraceMs: 500, stdout: { maxBytes: 256 * 1024 } });
  if (outcome.kind === 'exited') return known({ path: found, exitCode: outcome.exitCode, stdout: outcome.stdout.text, stderr: outcome.stderr.text });
  return notKnown(reasonOf(outcome));
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'timedOut' ? `${outcome.program} did not answer within ${String(outcome.timeoutMs / 1000)} s` : describeOutcome(outcome);
}
