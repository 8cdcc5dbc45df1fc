/**
 * Why a transport failed; the retry policy is chosen by it (design §5.3, §5.4). The first five keep the names and values
 * that programs written against the contract know.
 */
export const TransportErrorKind = {
  /** The other side refused our login. An operator must act. */
  AUTH: 'auth',
  /** Timeout, reset, no route, name that once resolved: worth another attempt. */
  NETWORK: 'network',
  /** What arrived is not what was sealed. */
  HASH_MISMATCH: 'hash_mismatch',
  /** A sealed file is gone for good. */
  LOCAL_FILE_VANISHED: 'local_file_vanished',
  /** A failure that no table knows; retried like `network`. */
  UNKNOWN: 'unknown',
  /** The other side asked for fewer requests. */
  THROTTLED: 'throttled',
  /** Ended by a signal or a limit of ours; resumed without charging an attempt. */
  INTERRUPTED: 'interrupted',
  /** The destination is full or over its quota. */
  NO_SPACE: 'no_space',
  /** The key of the host is unknown or has changed. Never accepted without a person. */
  HOST_KEY: 'host_key',
  /** Logged in, but not allowed to read or write there. */
  PERMISSION: 'permission',
  /** A setting is wrong: a flag, a path, a bucket that does not exist. */
  CONFIG: 'config',
  /** The source changed under the push; seal again. */
  SOURCE_CHANGED: 'source_changed',
} as const;

/** One of {@link TransportErrorKind}'s values. */
export type TransportErrorKind = (typeof TransportErrorKind)[keyof typeof TransportErrorKind];
