import type { Clock } from '@longhaul/sync-queue';

/** When a process dies: at its nth call to the outside world, before it takes effect or after. */
export interface Death {
  readonly call: number;
  readonly moment: 'before' | 'after';
}

/** When the machine falls asleep: at the nth call of this process to the outside world, before it takes effect or after. */
export interface Sleep extends Death {
  /** Returns when it wakes. */
  readonly fall: () => void;
}

/**
 * The life of one worker process. Everything it has to do with the outside goes through here; when it is dead, nothing
 * it calls returns and no timer of its own goes off: it is gone as after kill -9, and what it had started goes on.
 */
export class Life {
  readonly #death: Death | null;
  #thawed: Promise<void> = Promise.resolve();
  #frozen = false;
  #calls = 0;
  #dead = false;
  readonly onDeath: (() => void)[] = [];
  readonly sleeps: Sleep[] = [];

  /** Whether it is the one that is to bring everything to its end. */
  readonly immortal: boolean;

  constructor(death: Death | null = null, kind: 'mortal' | 'immortal' = 'mortal') {
    this.#death = death;
    this.immortal = kind === 'immortal';
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const tell of this.onDeath) tell();
  }

  /**
   * Stopped, as by SIGSTOP or a machine out of memory: alive, and silent until what is returned is called. (The note about a
   * program that was just started still gets through: no test can ask for more than the order spawn, note.)
   */
  freeze(): () => void {
    let thaw = (): void => undefined;
    this.#frozen = true;
    this.#thawed = new Promise<void>((resolve) => {
      thaw = () => {
        this.#frozen = false;
        resolve();
      };
    });
    return thaw;
  }

  /** The same object, as this process sees it. */
  through<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (name === 'watch') return () => ({ [Symbol.dispose]: () => undefined });
        return async (...args: unknown[]) => {
          if (this.#frozen && name !== 'recordProcess') await this.#thawed;
          return this.#call(async () => (member as (...given: unknown[]) => Promise<unknown>).apply(target, args));
        };
      },
    });
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, call) => clock.after(ms, () => {
        void this.#thawed.then(() => {
          if (!this.#dead) call();
        });
      }),
    };
  }

  async #call(work: () => Promise<unknown>): Promise<unknown> {
    if (this.#dead) return never();
    this.#calls += 1;
    const call = this.#calls;
    const last = this.#death?.call === call;
    this.#sleep(call, 'before');
    if (last && this.#death.moment === 'before') {
      this.kill();
      return never();
    }
    try {
      const result = await work();
      this.#sleep(call, 'after');
      if (this.#frozen) await this.#thawed;
      if (last) this.kill();
      return this.dead ? await never() : result;
    } catch (error) {
      if (last) this.kill();
      if (this.dead) return never();
      throw error;
    }
  }

  #sleep(call: number, moment: Sleep['moment']): void {
    for (const sleep of this.sleeps) if (sleep.call === call && sleep.moment === moment) sleep.fall();
  }
}

async function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
