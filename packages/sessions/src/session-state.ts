/**
 * What a session is doing (design §4.1).
 *
 * `defined`: known from a config, never started. `running`: start.json names a process that lives with that start time
 * and boot id. `stopped`: ended because somebody asked. `exited`: ended by itself, or was interrupted.
 * `restarting`: it has ended and its launcher is about to start it again (design §4.6). `unknown`: it cannot be asked.
 */
export type SessionState = 'defined' | 'running' | 'paused' | 'restarting' | 'stopped' | 'exited' | 'unknown';

/**
 * What tmux says of the terminal of a session (design §4.2). `lost`: the job lives and its terminal does not. `none`: there
 * is none, or none any more. `unknown`: the backend was not asked, or did not answer.
 */
export type TerminalState = 'attached' | 'detached' | 'lost' | 'none' | 'unknown';
