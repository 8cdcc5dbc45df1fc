import { isLonghaulError } from '@longhaul/errors';

/** What a caller learns without reading (design §8). Signal n is 128 + n. */
export const EXIT = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  NOT_FOUND: 3,
  CONFLICT: 4,
  UNAVAILABLE: 5,
  PROBLEMS: 6,
  /** `run` and `wait` pass on the job's own code; this is their own failure. */
  OWN_FAILURE: 125,
  TIMEOUT: 124,
  INTERRUPTED: 130,
} as const;

/** The exit code of each code that an error can carry; what is not named here is 1. */
const CODES: Readonly<Record<string, number>> = {
  USAGE: EXIT.USAGE,
  CONFIG: EXIT.USAGE,
  SESSION_CONFIG: EXIT.USAGE,
  SESSION_NOT_FOUND: EXIT.NOT_FOUND,
  JOB_NOT_FOUND: EXIT.NOT_FOUND,
  SOURCE_NOT_FOUND: EXIT.NOT_FOUND,
  SESSION_EXISTS: EXIT.CONFLICT,
  SESSION_AMBIGUOUS: EXIT.CONFLICT,
  JOB_CONFLICT: EXIT.CONFLICT,
  ILLEGAL_TRANSITION: EXIT.CONFLICT,
  BACKEND_NOT_FOUND: EXIT.UNAVAILABLE,
  TMUX_NOT_FOUND: EXIT.UNAVAILABLE,
  CONTAINER_RUNTIME_NOT_FOUND: EXIT.UNAVAILABLE,
  BACKEND_UNAVAILABLE: EXIT.UNAVAILABLE,
};

/** The exit code for an error, by its code, so that it holds across copies of the error package. */
export function exitCodeOf(error: unknown): number {
  if (!isLonghaulError(error)) return EXIT.FAILED;
  if (error.code === 'TRANSPORT' && error.context['errorKind'] === null) return EXIT.UNAVAILABLE;
  return CODES[error.code] ?? EXIT.FAILED;
}
