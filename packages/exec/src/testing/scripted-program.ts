import { once } from 'node:events';
import { PassThrough } from 'node:stream';

import type { Command, CommandOutput } from '../command.ts';
import type { RawExit, RawProcess } from '../raw-process.ts';
import { SignalQueue } from './signal-queue.ts';

/** What a scripted program sees and can do while it "runs". */
export interface ScriptedProgram {
  readonly command: Command;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Everything on stdin, once the caller has closed it. */
  readStdin(): Promise<string>;
  /** Settles when there is room for more, as a pipe makes a real program wait. */
  stdout(data: string | Uint8Array): Promise<void>;
  stderr(data: string | Uint8Array): Promise<void>;
  /**
   * The next signal that was sent to it. Until the first call a signal ends the program, as it does where no handler is
   * set; SIGKILL always does.
   */
  nextSignal(): Promise<NodeJS.Signals>;
}

/** How a scripted program ends. */
export type ScriptedEnd = { readonly exitCode: number } | { readonly signal: NodeJS.Signals };

/** A scripted program that does more than print and end. What it throws, the caller's `outcome` rejects with. */
export type ScriptedBehaviour = (program: ScriptedProgram) => Promise<ScriptedEnd>;

/** Above every real pid of Linux (2^22) and macOS, so that a signal sent to it by mistake meets nobody. */
const FIRST_PID = 2 ** 22 + 1;
let started = 0;

export function nextScriptedPid(): number {
  started += 1;
  return FIRST_PID + started;
}

/** A process that exists only as streams: what supervises real ones supervises it too. */
export class ScriptedProcess implements RawProcess {
  readonly pid: number = nextScriptedPid();
  readonly stdin: PassThrough = new PassThrough();
  readonly stdout: PassThrough | null;
  readonly stderr: PassThrough | null;
  readonly exited: Promise<RawExit>;
  readonly #signals: SignalQueue = new SignalQueue();
  #handlesSignals = false;
  #end: ((exit: RawExit) => void) | null = null;

  constructor(command: Command, behaviour: ScriptedBehaviour) {
    this.stdout = openOutput(command.stdout);
    this.stderr = openOutput(command.stderr);
    if (!hasInput(command)) this.stdin.end();
    this.exited = new Promise((resolve, reject) => {
      this.#end = resolve;
      behaviour(this.#program(command)).then((end) => { this.#finish(exitOf(end)); }, reject);
    });
  }

  kill(signal: NodeJS.Signals): boolean {
    if (!this.isAlive()) return false;
    if (signal === 'SIGCONT') return true;
    if (signal === 'SIGKILL' || !this.#handlesSignals) this.#finish({ exitCode: null, signal });
    else this.#signals.push(signal);
    return true;
  }

  isAlive(): boolean {
    return this.#end !== null;
  }

  #finish(exit: RawExit): void {
    this.stdout?.end();
    this.stderr?.end();
    this.#end?.(exit);
    this.#end = null;
  }

  #program(command: Command): ScriptedProgram {
    return {
      command,
      stdin: this.stdin,
      readStdin: () => readAll(this.stdin),
      stdout: (data) => write(this.stdout, data),
      stderr: (data) => write(this.stderr, data),
      nextSignal: () => {
        this.#handlesSignals = true;
        return this.#signals.next();
      },
    };
  }
}

function exitOf(end: ScriptedEnd): RawExit {
  return 'signal' in end ? { exitCode: null, signal: end.signal } : { exitCode: end.exitCode, signal: null };
}

/** As in a real process, an output that is not captured is no stream of ours. */
function openOutput(output: CommandOutput = {}): PassThrough | null {
  const isOurs = output === 'pipe' || (typeof output === 'object' && !('fd' in output));
  return isOurs ? new PassThrough() : null;
}

function hasInput({ stdin = 'ignore' }: Command): boolean {
  return stdin === 'pipe' || (typeof stdin === 'object' && !('fd' in stdin));
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function write(stream: PassThrough | null, data: string | Uint8Array): Promise<void> {
  if (stream === null || stream.writableEnded || stream.destroyed) return;
  if (!stream.write(data)) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
}
