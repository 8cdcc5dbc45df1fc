import type { Clock } from '../clock.ts';

/** Lets one loop sleep until somebody calls, or for so long. A call that comes while it is awake is not lost. */
export class WakeUp {
  readonly #clock: Clock;
  #called = false;
  #wake: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  call(): void {
    this.#called = true;
    this.#wake?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#called) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(ms, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#called = false;
  }
}
