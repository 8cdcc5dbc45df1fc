import { setTimeout as delay } from 'node:timers/promises';

import type { Command } from './command.ts';
import { Deadline } from './deadline.ts';
import type { RawProcess } from './raw-process.ts';

const DEFAULT_GRACE_MS = 5000;
const POLL_MS = 10;
/** After SIGKILL the kernel is at work; a process in an uninterruptible wait is not waited for any longer. */
const AFTER_KILL_MS = 1000;

/** Ends a process and its group: `killSignal`, then after `killGraceMs` SIGKILL. */
export class Termination {
  readonly #raw: RawProcess;
  readonly #signal: NodeJS.Signals;
  readonly #graceMs: number;
  #deadline: Deadline | null = null;
  #killedAt: number | null = null;

  constructor(raw: RawProcess, { killSignal = 'SIGTERM', killGraceMs = DEFAULT_GRACE_MS }: Command) {
    this.#raw = raw;
    this.#signal = killSignal;
    this.#graceMs = killGraceMs;
  }

  get escalated(): boolean {
    return this.#killedAt !== null && this.#signal !== 'SIGKILL';
  }

  begin(): void {
    if (this.#deadline !== null) return;
    this.#raw.kill(this.#signal);
    // A stopped process handles no signal but KILL until it is continued.
    if (this.#signal !== 'SIGKILL') this.#raw.kill('SIGCONT');
    this.#deadline = new Deadline(this.#signal === 'SIGKILL' ? 0 : this.#graceMs, () => {
      this.#killedAt = performance.now();
      this.#raw.kill('SIGKILL');
    });
  }

  /** Settles when nothing of the group runs any more. At once where we did not begin to end it: what a program leaves behind is its own affair. */
  async settled(): Promise<void> {
    while (this.#deadline !== null && this.#raw.isAlive() && !this.#gaveUp()) await delay(POLL_MS);
  }

  release(): void {
    this.#deadline?.clear();
  }

  #gaveUp(): boolean {
    return this.#killedAt !== null && performance.now() - this.#killedAt > AFTER_KILL_MS;
  }
}
