/**
 * Every code an error of Longhaul can carry. Programs switch on these, so a value never changes its meaning and is
 * never reused; new ones may be added in any minor version (design §3).
 */
export const ErrorCode = {
  /** A program, tmux, podman or docker for example, is not on PATH. */
  BACKEND_NOT_FOUND: 'BACKEND_NOT_FOUND',
  TMUX_NOT_FOUND: 'TMUX_NOT_FOUND',
  CONTAINER_RUNTIME_NOT_FOUND: 'CONTAINER_RUNTIME_NOT_FOUND',
  /** The program is there and does not answer: the truth about its sessions is unknown. */
  BACKEND_UNAVAILABLE: 'BACKEND_UNAVAILABLE',
  /** A spec or a name that cannot be used. */
  SESSION_CONFIG: 'SESSION_CONFIG',
  SESSION_EXISTS: 'SESSION_EXISTS',
  SESSION_NOT_FOUND: 'SESSION_NOT_FOUND',
  SESSION_START: 'SESSION_START',
  SESSION_ATTACH: 'SESSION_ATTACH',
  SESSION_STOP: 'SESSION_STOP',
  SESSION_AMBIGUOUS: 'SESSION_AMBIGUOUS',
  /** A transport could not do what it was asked; `errorKind` says why. */
  TRANSPORT: 'TRANSPORT',
  JOB_NOT_FOUND: 'JOB_NOT_FOUND',
  /** The table of states does not allow this transition. */
  ILLEGAL_TRANSITION: 'ILLEGAL_TRANSITION',
  /** Another worker holds the job now. */
  LEASE_LOST: 'LEASE_LOST',
  /** The file of the queue cannot be used as it is. */
  QUEUE_STORE: 'QUEUE_STORE',
  /** Two jobs want the same thing: a final name at the destination, or a source with a newer generation. */
  JOB_CONFLICT: 'JOB_CONFLICT',
  SOURCE_NOT_FOUND: 'SOURCE_NOT_FOUND',
  SOURCE_NOT_DIRECTORY: 'SOURCE_NOT_DIRECTORY',
  SOURCE_CHANGED: 'SOURCE_CHANGED',
  SOURCE_UNREADABLE: 'SOURCE_UNREADABLE',
  /** File names that the destination cannot hold, or that collide there. */
  SOURCE_NAME: 'SOURCE_NAME',
  /** A file of settings is wrong, at a line and a column. */
  CONFIG: 'CONFIG',
  /** A command line that cannot be understood. */
  USAGE: 'USAGE',
  /** A defect of Longhaul itself. */
  INTERNAL: 'INTERNAL',
} as const;

/** One of {@link ErrorCode}'s values. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
