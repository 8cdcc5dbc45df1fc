import { count, TransportError, TransportErrorKind } from '@longhaul/errors';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { TransportResult } from '../transport.ts';
import { errnoOf } from '../worker/raw-fs.ts';
import type { CopyFault } from '../worker/tasks.ts';
import { destinationError, errnoNumber, errnoRule } from './local-failure.ts';
import type { PushReport } from './push-run.ts';

type Failure = Pick<TransportResult, 'errorKind' | 'evidence' | 'hint' | 'returncode'>;

/** How a push ended, in the terms that all transports share. */
export function pushResult({ fault, bytesSent, modesRefused }: PushReport): TransportResult {
  const note = modesRefused === 0 ? '' : `the destination's file system kept no mode for ${count(modesRefused, 'entry', 'entries')}\n`;
  if (fault !== null) return { ...failedResult(faultFailure(fault), bytesSent), stdout: note };
  return { ok: true, errorKind: null, stderr: '', stdout: note, returncode: 0, evidence: null, hint: null, retryAfterMs: null, bytesSent };
}

/** A push that did not come so far: no claim, no destination, called off. */
export function thrownResult(error: unknown, { signal, bytesSent }: { readonly signal: AbortSignal | undefined; readonly bytesSent: number }): TransportResult {
  if (signal?.aborted === true) {
    return failedResult({ errorKind: TransportErrorKind.INTERRUPTED, evidence: 'the push was called off', hint: null, returncode: errnoNumber('ECANCELED') }, bytesSent);
  }
  const known = destinationError('push', error);
  if (!(known instanceof TransportError)) throw known;
  return failedResult({ errorKind: known.errorKind, evidence: known.message, hint: known.hint, returncode: errnoNumber(errnoOf(known.cause)) }, bytesSent);
}

/** A result without anything sent. */
export function refusedResult(errorKind: TransportErrorKind, evidence: string): TransportResult {
  return failedResult({ errorKind, evidence, hint: null, returncode: 1 }, 0);
}

function failedResult(failure: Failure, bytesSent: number): TransportResult {
  return { ok: false, ...failure, stderr: `${failure.evidence ?? ''}\n`, stdout: '', retryAfterMs: null, bytesSent };
}

function faultFailure({ path, side, reason, call, code, message }: CopyFault): Failure {
  const shown = displayPath(path as RawPath);
  const returncode = errnoNumber(code);
  if (reason === 'changed') {
    return { errorKind: TransportErrorKind.SOURCE_CHANGED, evidence: `source file "${shown}" is not the one that was sealed`, hint: 'It is sealed again when it has been quiet for a while', returncode };
  }
  if (reason === 'fenced' || side === 'fence') return { errorKind: TransportErrorKind.INTERRUPTED, evidence: message, hint: null, returncode };
  const { kind, hint } = errnoRule(code, side);
  // The system's message holds the absolute path of a partial file: which file it was meant for says more.
  return { errorKind: kind, evidence: `${side} "${shown}": ${call}: ${message.split(', ')[0] ?? code}`, hint, returncode };
}
