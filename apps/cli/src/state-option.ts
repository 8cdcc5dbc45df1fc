import type { SessionState } from '@longhaul/sessions';

import type { CommandOption, OptionValues } from './command-module.ts';

const STATES: readonly SessionState[] = ['defined', 'running', 'paused', 'restarting', 'stopped', 'exited', 'unknown'];

/** Only what is in one of these states. */
export function stateOption(states: readonly SessionState[] = STATES): CommandOption {
  return { flags: '--state <STATE>', text: 'only those in this state; may be repeated', repeat: 'yes', choices: states };
}

/** null where none was named: all are wanted. */
export function statesOf(options: OptionValues): ReadonlySet<SessionState> | null {
  const states = options.list('state');
  return states.length === 0 ? null : new Set(states as SessionState[]);
}
