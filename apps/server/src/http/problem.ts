import type { JsonValue } from '@longhaul/errors';
import { isLonghaulError } from '@longhaul/errors';

/** RFC 9457, with the code and the fix of the error (design §9). */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** What to do about it; null where nobody knows. */
  readonly fix: string | null;
  readonly context?: Readonly<Record<string, JsonValue>>;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The HTTP status of each code of an error; what is not named here is 500. */
const STATUS: Readonly<Record<string, number>> = {
  USAGE: 400,
  CONFIG: 400,
  SESSION_CONFIG: 400,
  SESSION_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  SESSION_EXISTS: 409,
  SESSION_AMBIGUOUS: 409,
  JOB_CONFLICT: 409,
  ILLEGAL_TRANSITION: 409,
  BACKEND_NOT_FOUND: 503,
  TMUX_NOT_FOUND: 503,
  CONTAINER_RUNTIME_NOT_FOUND: 503,
  BACKEND_UNAVAILABLE: 503,
};

export function problem(status: number, code: string, detail: string, fix: string | null = null): Problem {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, code, fix };
}

/** What a client is told of any error. A defect of ours is told as one; its text stays in our log. */
export function problemOf(error: unknown): Problem {
  if (!isLonghaulError(error)) return problem(500, 'INTERNAL', 'an unexpected error, which is a defect of longhaul', 'See the log of longhaul serve');
  return { ...problem(STATUS[error.code] ?? 500, error.code, error.message, error.hint), context: error.context };
}
