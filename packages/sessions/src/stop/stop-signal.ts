import { SessionConfigError } from '@longhaul/errors';

/** A signal that a stop may begin with. The launcher's shell catches exactly these, so that it outlives what its job is sent. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2' | 'SIGALRM' | 'SIGABRT' | 'SIGKILL';

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGABRT', 'SIGKILL'];

/** Under tmux a job is asked as by Ctrl-C (design §4.5). */
export const DEFAULT_STOP_SIGNAL: StopSignal = 'SIGINT';

/**
 * Reads a signal's name, with or without SIG, in any case.
 *
 * @throws SessionConfigError for one that a stop cannot begin with.
 */
export function parseStopSignal(raw: string): StopSignal {
  const name = raw.toUpperCase();
  const wanted = name.startsWith('SIG') ? name : `SIG${name}`;
  const signal = STOP_SIGNALS.find((known) => known === wanted);
  if (signal !== undefined) return signal;
  throw new SessionConfigError(`"${raw}" is not a signal that a job can be stopped with`, { hint: `use one of ${STOP_SIGNALS.map((known) => known.slice(3)).join(', ')}` });
}
