import { writeSync } from 'node:fs';
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
  /** What to say where an interrupt ends the command, asked for at that moment: what was done by then, what was not. Until the command answers by itself. */
  readonly explain: (how: () => string) => void;
  /** That text; null where no interrupt ended the command, or where there is nothing to say. */
  readonly explanation: () => string | null;
}

export function watchInterrupts(): Interrupts {
  const controller = new AbortController();
  let exitCode: number | null = null;
  let answered = false;
  let how: (() => string) | null = null;
  const explanation = (): string | null => (exitCode === null || how === null ? null : how());
  const leave = (code: number): void => {
    const text = explanation();
    // Nothing is waited for any more.
    if (text !== null) writeSync(process.stderr.fd, `${text}\n`);
    process.exit(code);
  };
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    const code = 128 + constants.signals[name];
    if (controller.signal.aborted) leave(code);
    exitCode = code;
    controller.abort(new Error(`interrupted by ${name}`));
    if (!answered) setTimeout(() => { leave(code); }, PATIENCE_MS).unref();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return answered && exitCode === 128 + constants.signals.SIGINT ? null : exitCode;
    },
    answer: () => {
      answered = true;
      how = null;
    },
    explain: (text) => {
      how = text;
    },
    explanation,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
