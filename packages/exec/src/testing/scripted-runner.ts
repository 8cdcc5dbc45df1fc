import { ErrorCode, LonghaulError, redactArgv } from '@longhaul/errors';

import { NOTHING_CAPTURED } from '../captured-output.ts';
import { withoutPipes } from '../command-pipes.ts';
import type { Command, DetachedCommand } from '../command.ts';
import { neverStarted } from '../never-started.ts';
import type { NotFound, Outcome, SpawnFailed } from '../outcome.ts';
import type { DetachedStart, ProcessRunner, RunningProcess } from '../process-runner.ts';
import type { RawFailure } from '../raw-process.ts';
import { SupervisedProcess } from '../supervised-process.ts';
import type { ScriptedBehaviour, ScriptedProgram } from './scripted-program.ts';
import { nextScriptedPid, ScriptedProcess } from './scripted-program.ts';

/** Which commands an expectation is for. */
export interface ScriptedMatch {
  readonly program: string;
  /** All arguments, in order; or a function that says whether these are the ones. Absent: any. */
  readonly args?: readonly string[] | ((args: readonly string[]) => boolean) | undefined;
}

interface ScriptedOutput {
  /** A list comes piece by piece, as separate reads. */
  readonly stdout?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  readonly stderr?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
}

/** What a scripted program does: print and end, hang until a signal, fail to start, or whatever a function says. */
export type ScriptedReply =
  | (ScriptedOutput & { readonly exitCode?: number | undefined })
  | (ScriptedOutput & { readonly signal: NodeJS.Signals })
  | (ScriptedOutput & { readonly hangsUntil: 'signal' | 'SIGKILL' })
  | RawFailure
  | ScriptedBehaviour;

interface Expectation {
  readonly match: ScriptedMatch;
  readonly reply: ScriptedReply;
  readonly times: 'once' | 'any';
  uses: number;
}

/**
 * A {@link ProcessRunner} for tests, which runs nothing. Strict: a command that nobody expected throws, and {@link verify}
 * throws for it again, so that code which swallows errors does not hide it. Bounds, timeouts, abort and streaming behave
 * as in the real one, because the same code does them.
 */
export class ScriptedRunner implements ProcessRunner {
  readonly #expectations: Expectation[] = [];
  readonly #calls: (Command | DetachedCommand)[] = [];
  readonly #unexpected: string[] = [];

  /** Every command that was asked for, in order. */
  get calls(): readonly (Command | DetachedCommand)[] {
    return this.#calls;
  }

  /** One call that must come. Of several expectations that match, the one declared first and not yet used answers. */
  once(match: ScriptedMatch, reply: ScriptedReply = {}): this {
    this.#expectations.push({ match, reply, times: 'once', uses: 0 });
    return this;
  }

  /** Any number of calls, none included; asked after all `once` that match. */
  always(match: ScriptedMatch, reply: ScriptedReply = {}): this {
    this.#expectations.push({ match, reply, times: 'any', uses: 0 });
    return this;
  }

  /** @throws LonghaulError where a command was not expected, or an expected one never came. */
  verify(): void {
    const missing = this.#expectations.filter((expectation) => expectation.times === 'once' && expectation.uses === 0).map(describeMatch);
    const problems = [...this.#unexpected.map((text) => `not expected: ${text}`), ...missing.map((text) => `never came: ${text}`)];
    if (problems.length > 0) throw new LonghaulError(problems.join('\n'), { code: ErrorCode.INTERNAL });
  }

  async run(command: Command): Promise<Outcome> {
    return (await this.spawn(withoutPipes(command))).outcome;
  }

  spawn(command: Command): Promise<RunningProcess> {
    const startedAt = performance.now();
    if (command.signal?.aborted === true) return Promise.resolve(neverStarted(command, startedAt, { kind: 'cancelled' }));
    return this.#answer(command, (reply) => {
      if (isFailure(reply)) return neverStarted(command, startedAt, reply);
      return new SupervisedProcess(new ScriptedProcess(command, behaviourOf(reply)), command, startedAt);
    });
  }

  detach(command: DetachedCommand): Promise<DetachedStart | NotFound | SpawnFailed> {
    return this.#answer(command, (reply) => {
      if (!isFailure(reply)) return { kind: 'started', pid: nextScriptedPid() };
      return { program: command.program, stdout: NOTHING_CAPTURED, stderr: NOTHING_CAPTURED, pid: null, durationMs: 0, ...reply };
    });
  }

  async #answer<T>(command: Command | DetachedCommand, make: (reply: ScriptedReply) => T): Promise<T> {
    // Never in the caller's tick, as with a real program.
    await Promise.resolve();
    this.#calls.push(command);
    const fitting = this.#expectations.filter((expectation) => matches(expectation.match, command));
    const chosen = fitting.find((one) => one.times === 'once' && one.uses === 0) ?? fitting.find((one) => one.times === 'any');
    if (chosen === undefined) throw this.#unexpectedError(command);
    chosen.uses += 1;
    return make(chosen.reply);
  }

  #unexpectedError({ program, args = [] }: Command | DetachedCommand): LonghaulError {
    const text = redactArgv([program, ...args]).map((word) => JSON.stringify(word)).join(' ');
    this.#unexpected.push(text);
    const open = this.#expectations.filter((one) => one.times === 'any' || one.uses === 0).map(describeMatch);
    return new LonghaulError(`the script has no answer to: ${text}\nit would answer: ${open.join('; ') || 'nothing more'}`, { code: ErrorCode.INTERNAL });
  }
}

function matches({ program, args }: ScriptedMatch, command: Command | DetachedCommand): boolean {
  const given = command.args ?? [];
  if (program !== command.program) return false;
  if (args === undefined) return true;
  return typeof args === 'function' ? args(given) : args.length === given.length && args.every((argument, index) => argument === given[index]);
}

function describeMatch({ match: { program, args } }: Expectation): string {
  if (args === undefined) return `${program} …`;
  return typeof args === 'function' ? `${program} (by a function)` : [program, ...args].map((word) => JSON.stringify(word)).join(' ');
}

function isFailure(reply: ScriptedReply): reply is RawFailure {
  return 'kind' in reply;
}

function behaviourOf(reply: Exclude<ScriptedReply, RawFailure>): ScriptedBehaviour {
  if (typeof reply === 'function') return reply;
  return async (program) => {
    const ignoring = 'hangsUntil' in reply && reply.hangsUntil === 'SIGKILL' ? ignoreSignals(program) : null;
    for (const piece of pieces(reply.stdout)) await program.stdout(piece);
    for (const piece of pieces(reply.stderr)) await program.stderr(piece);
    if ('signal' in reply) return { signal: reply.signal };
    if (!('hangsUntil' in reply)) return { exitCode: reply.exitCode ?? 0 };
    return ignoring ?? { signal: await program.nextSignal() };
  };
}

/** Takes one after the other and never ends: SIGKILL comes from outside. */
async function ignoreSignals(program: ScriptedProgram): Promise<never> {
  for (;;) await program.nextSignal();
}

function pieces(output: ScriptedOutput['stdout']): readonly (string | Uint8Array)[] {
  if (output === undefined) return [];
  return typeof output === 'string' || output instanceof Uint8Array ? [output] : output;
}
