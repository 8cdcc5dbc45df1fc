import type { Clock } from '../clock.ts';

/**
 * After the machine has slept, or its clock was set forward, every lease has lapsed although its owner lives: owners get
 * one lease to renew theirs before anything is taken from them.
 */
export class SleepDetector {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  #offset: number;
  #graceUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** Whether lapsed leases mean something now. Ask often. */
  look(): 'recover' | 'leave' {
    const offset = this.#clock.now() - this.#clock.monotonic();
    if (offset - this.#offset > this.#leaseMs / 2) this.#graceUntil = this.#clock.monotonic() + this.#leaseMs;
    this.#offset = offset;
    return this.#clock.monotonic() < this.#graceUntil ? 'leave' : 'recover';
  }
}
