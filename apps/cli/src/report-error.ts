import type { SerializedError } from '@longhaul/errors';
import { isLonghaulError, redact } from '@longhaul/errors';

/** What a person and a program are told of any error. A defect of ours is named as one; its stack only with LONGHAUL_DEBUG. */
export function describeError(error: unknown): SerializedError {
  if (isLonghaulError(error)) return error.toJSON();
  const message = error instanceof Error ? error.message : String(error);
  const errno = (error as Partial<NodeJS.ErrnoException> | null)?.code;
  if (typeof errno === 'string' && /^E[A-Z]+$/.test(errno)) {
    return { name: 'SystemError', code: 'INTERNAL', message: redact(message), hint: SYSTEM_HINTS[errno] ?? null, context: { errno }, cause: null };
  }
  return {
    name: error instanceof Error ? error.name : 'Error',
    code: 'INTERNAL',
    message: `an unexpected error, which is a defect of longhaul: ${redact(message)}`,
    hint: 'Run it again with LONGHAUL_DEBUG=1 and report what it prints',
    context: {},
    cause: null,
  };
}

const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space and try again',
  EDQUOT: 'The quota is used up: free some space and try again',
  EACCES: 'Look at the owner and the mode of that file (ls -l)',
  EROFS: 'The file system is mounted read-only: name another place with LONGHAUL_STATE_DIR',
  EMFILE: 'Too many files are open: see ulimit -n',
};

/** The stack, for developers. */
export function stackOf(error: unknown): string {
  return redact(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
