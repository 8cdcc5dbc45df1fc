/** An AbortSignal as a worker can see it in the middle of synchronous work: one number in shared memory. */
export class AbortFlag {
  readonly shared: SharedArrayBuffer;
  readonly #cell: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.shared = shared;
    this.#cell = new Int32Array(shared);
  }

  raise(): void {
    Atomics.store(this.#cell, 0, 1);
    Atomics.notify(this.#cell, 0);
  }

  get raised(): boolean {
    return Atomics.load(this.#cell, 0) !== 0;
  }

  /** Sleeps this thread (never the main one); an abort wakes it at once. @throws TaskAborted when raised */
  sleep(milliseconds: number): void {
    if (milliseconds > 0) Atomics.wait(this.#cell, 0, 0, milliseconds);
    this.check();
  }

  /** @throws TaskAborted when raised */
  check(): void {
    if (this.raised) throw new TaskAborted();
  }
}

/** Ends a task of a worker from within. Never leaves the worker: the pool throws the signal's own reason. */
export class TaskAborted extends Error {
  override readonly name = 'TaskAborted';
}
