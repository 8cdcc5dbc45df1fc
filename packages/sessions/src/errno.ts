/** Codes of the system's errors that are told apart here. */
export type Errno = 'ENOENT' | 'EEXIST' | 'ENOTDIR' | 'ENOTEMPTY' | 'EINVAL' | 'ENOSPC' | 'EDQUOT' | 'EROFS' | 'EACCES' | 'EPERM' | 'ESRCH';

/** Whether this is a failed system call with one of these codes. */
export function isErrno(error: unknown, ...codes: readonly Errno[]): boolean {
  return codes.some((code) => code === errnoOf(error));
}

/** The code of a failed system call, or null: errors of Longhaul carry a `code` too, which is another thing. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

const WRITE_FAILURES: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  ENOSPC: { what: 'no space is left on the disk of the state directory', hint: 'Free some there (`df -h`, `df -i`), or choose another one: LONGHAUL_STATE_DIR' },
  EDQUOT: { what: 'the quota on the disk of the state directory is used up', hint: 'Free some there (`quota`), or choose another one: LONGHAUL_STATE_DIR' },
  EROFS: { what: 'the state directory is on a read-only file system', hint: 'Choose another one: LONGHAUL_STATE_DIR' },
  EACCES: { what: 'the state directory may not be written', hint: 'Look at its owner and mode, or choose another one: LONGHAUL_STATE_DIR' },
  EPERM: { what: 'the state directory may not be written', hint: 'Look at its owner and mode, or choose another one: LONGHAUL_STATE_DIR' },
};

/** Why the state directory could not be written, for a person; null where the failure is none of the disk's. */
export function describeWriteFailure(error: unknown): { readonly what: string; readonly hint: string } | null {
  const code = errnoOf(error);
  return code === null ? null : (WRITE_FAILURES[code] ?? { what: `the state directory could not be written (${code})`, hint: 'Choose another one: LONGHAUL_STATE_DIR' });
}
