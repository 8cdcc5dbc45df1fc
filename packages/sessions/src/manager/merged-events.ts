interface Offer<T> {
  readonly value: T;
  readonly taken: () => void;
}

/** Several streams as one, in the order of arrival. A source is held back until what it gave was taken. Sources may join at any time. */
export class MergedEvents<T> {
  readonly #offers: Offer<T>[] = [];
  #open: number = 0;
  #isOver: boolean = false;
  #wake: (() => void) | null = null;

  /** Adds a source. `ended` is called at its end, with the error that ended it. */
  add(source: AsyncIterable<T>, ended: (error: Error | null) => T | null): void {
    this.#open += 1;
    void this.#pump(source, ended);
  }

  /** Keeps the stream open although it has no source, until {@link close}. */
  hold(): void {
    this.#open += 1;
  }

  close(): void {
    this.#open -= 1;
    this.#wake?.();
  }

  async *events(): AsyncGenerator<T> {
    try {
      for (;;) {
        const offer = this.#offers.shift();
        if (offer !== undefined) {
          yield offer.value;
          offer.taken();
        } else if (this.#open === 0) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      // Nobody listens any more: whoever still offers something may go on to its end.
      this.#isOver = true;
      for (const { taken } of this.#offers) taken();
    }
  }

  async #pump(source: AsyncIterable<T>, ended: (error: Error | null) => T | null): Promise<void> {
    let failure: Error | null = null;
    try {
      for await (const value of source) await this.#offer(value);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    const last = ended(failure);
    if (last !== null) await this.#offer(last);
    this.close();
  }

  async #offer(value: T): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      this.#offers.push({ value, taken: resolve });
      this.#wake?.();
    });
  }
}
