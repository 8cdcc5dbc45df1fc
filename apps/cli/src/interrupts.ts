import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** This long after a signal, a program that does not answer it is ended whatever it does. A second signal ends it at once. Milliseconds. */
const PATIENCE_MS = 5000;

/** Turns signals into an abort, so that commands end what they started. */
export interface Interrupts extends Disposable {
  readonly signal: AbortSignal;
  /** 128 + n of the signal that came; null where none did, or where it was Ctrl-C and the command answers for itself. */
  readonly exitCode: number | null;
  /** From now on the command decides what Ctrl-C means. */
  readonly answer: () => void;
}

export function watchInterrupts(): Interrupts {
  const controller = new AbortController();
  let exitCode: number | null = null;
  let answered = false;
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    const code = 128 + constants.signals[name];
    if (controller.signal.aborted) process.exit(code);
    exitCode = code;
    controller.abort(new Error(`interrupted by ${name}`));
    if (!answered) setTimeout(() => process.exit(code), PATIENCE_MS).unref();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return answered && exitCode === 128 + constants.signals.SIGINT ? null : exitCode;
    },
    answer: () => {
      answered = true;
    },
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
