/** Signals that were sent and not yet taken. */
export class SignalQueue {
  readonly #sent: NodeJS.Signals[] = [];
  readonly #waiting: ((signal: NodeJS.Signals) => void)[] = [];

  push(signal: NodeJS.Signals): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#sent.push(signal);
    else waiting(signal);
  }

  next(): Promise<NodeJS.Signals> {
    const sent = this.#sent.shift();
    if (sent !== undefined) return Promise.resolve(sent);
    return new Promise((resolve) => { this.#waiting.push(resolve); });
  }
}
