import { SessionConfigError } from '@longhaul/errors';

/** A session's name that was checked once: `[A-Za-z0-9][A-Za-z0-9_-]*`, at most 64 characters (design §4.3). */
export type SessionName = string & { readonly __sessionName: true };

const SESSION_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * Checks a name once, at the edge.
 *
 * @throws SessionConfigError when the name cannot be used; the hint says which characters can.
 */
export function parseSessionName(raw: string): SessionName {
  if (SESSION_NAME.test(raw)) return raw as SessionName;
  throw new SessionConfigError(`"${raw}" cannot be a session name`, {
    hint: 'use 1 to 64 of the characters A-Z a-z 0-9 _ - and begin with a letter or a digit',
  });
}

/** The name as a value, or null: a folder that somebody put among the sessions is none. */
export function asSessionName(raw: string): SessionName | null {
  return SESSION_NAME.test(raw) ? (raw as SessionName) : null;
}
