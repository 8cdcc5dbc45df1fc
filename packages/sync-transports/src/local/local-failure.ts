import { constants } from 'node:os';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { errnoOf } from '../worker/raw-fs.ts';

/** What a failed system call at the destination means: the `local` transport's table (design §5.3). */
interface ErrnoRule {
  readonly kind: TransportErrorKind;
  readonly hint: string;
}

const FULL: ErrnoRule = { kind: TransportErrorKind.NO_SPACE, hint: 'Free some space at the destination; the push goes on where it stopped' };
const FORBIDDEN: ErrnoRule = { kind: TransportErrorKind.PERMISSION, hint: 'Let this user write there, or choose another path for the destination' };
const GONE: ErrnoRule = { kind: TransportErrorKind.CONFIG, hint: 'The folder is not there: mount the disk or share, or correct the path. It is never created, so that an unmounted disk is not filled' };
const UNABLE: ErrnoRule = { kind: TransportErrorKind.CONFIG, hint: 'The file system of the destination cannot hold this; choose another one' };
const LINE: ErrnoRule = { kind: TransportErrorKind.NETWORK, hint: 'The share does not answer; it is tried again' };

const DESTINATION_RULES: Readonly<Record<string, ErrnoRule>> = {
  ENOSPC: FULL, EDQUOT: FULL,
  EACCES: FORBIDDEN, EPERM: FORBIDDEN,
  EROFS: { kind: TransportErrorKind.CONFIG, hint: 'The destination is mounted read-only; mount it for writing' },
  ENOENT: GONE, ENOTDIR: GONE, ENODEV: GONE, ENXIO: GONE,
  EINVAL: UNABLE, EILSEQ: UNABLE, ENAMETOOLONG: UNABLE, EFBIG: UNABLE, EXDEV: UNABLE, EMLINK: UNABLE, ENOTSUP: UNABLE, EOPNOTSUPP: UNABLE, ELOOP: UNABLE,
  ESTALE: LINE, ETIMEDOUT: LINE, EHOSTDOWN: LINE, EHOSTUNREACH: LINE, ENOTCONN: LINE, ECONNRESET: LINE, ECONNABORTED: LINE, EPIPE: LINE,
};

const SOURCE_RULES: Readonly<Record<string, ErrnoRule>> = {
  ENOENT: { kind: TransportErrorKind.LOCAL_FILE_VANISHED, hint: 'A sealed file is gone; put it back, or push the source again without it' },
  ENOTDIR: { kind: TransportErrorKind.LOCAL_FILE_VANISHED, hint: 'A sealed file is gone; put it back, or push the source again without it' },
  EACCES: { kind: TransportErrorKind.PERMISSION, hint: 'Make the file readable for this user' },
  EPERM: { kind: TransportErrorKind.PERMISSION, hint: 'Make the file readable for this user' },
};

const OTHERWISE: ErrnoRule = { kind: TransportErrorKind.UNKNOWN, hint: 'See the system log (dmesg): the disk or share may be failing' };

/** The kind and the advice for an errno name. */
export function errnoRule(code: string, side: 'source' | 'destination'): ErrnoRule {
  return (side === 'source' ? SOURCE_RULES : DESTINATION_RULES)[code] ?? OTHERWISE;
}

/** The number that programs return for it; 1 where there is none. */
export function errnoNumber(code: string): number {
  return (constants.errno as Readonly<Record<string, number>>)[code] ?? 1;
}

/** A failure at the destination as an error; what is one already, or is none of a system call, passes. */
export function destinationError(doing: string, error: unknown): Error {
  if (error instanceof TransportError) return error;
  const code = errnoOf(error);
  if (error instanceof Error && code === 'UNKNOWN') return error;
  const { kind, hint } = errnoRule(code, 'destination');
  const said = error instanceof Error ? error.message : String(error);
  return new TransportError(`${doing} failed: ${said}`, { errorKind: kind, hint, cause: error, context: { errno: code } });
}

/** The work was called off by its caller. */
export function interruptedError(doing: string, cause: unknown): TransportError {
  return new TransportError(`${doing} was interrupted`, { errorKind: TransportErrorKind.INTERRUPTED, cause });
}
