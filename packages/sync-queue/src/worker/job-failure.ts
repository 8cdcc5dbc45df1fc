import { isLonghaulError, LonghaulError, redact, TransportError } from '@longhaul/errors';
import type { ErrorCode, TransportErrorKind } from '@longhaul/errors';
import type { TransportResult } from '@longhaul/sync-transports';
import type { Failure } from '../failure.ts';

/** A failure on its way to the one who decides what happens next. */
export class JobFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** Errors about the source, and what they mean for a job: an operator must act, or the source must be quiet first. */
const SOURCE_KINDS: Readonly<Partial<Record<ErrorCode, TransportErrorKind>>> = {
  SOURCE_NOT_FOUND: 'local_file_vanished',
  SOURCE_UNREADABLE: 'permission',
  SOURCE_NOT_DIRECTORY: 'config',
  SOURCE_NAME: 'config',
  SOURCE_CHANGED: 'source_changed',
};

/** The failure that a push reported. */
export function failureOfResult(result: TransportResult, destination: string): Failure {
  const evidence = result.evidence ?? lastLine(result.stderr);
  const said = evidence === null ? `exit code ${result.returncode}` : evidence;
  return {
    kind: result.errorKind,
    message: redact(`the push to ${destination} failed: ${said}`),
    evidence: evidence === null ? null : redact(evidence),
    hint: result.hint,
    retryAfterMs: result.retryAfterMs,
    origin: 'destination',
  };
}

/** What an error that a step threw means. Errors that we did not expect are tried again like `unknown`, with all they say. */
export function failureOfError(error: unknown): Failure {
  if (error instanceof JobFailed) return error.failure;
  if (isLonghaulError(error, 'TRANSPORT')) return transportFailure(error);
  const sourceKind = isLonghaulError(error) ? SOURCE_KINDS[error.code] : undefined;
  const message = redact(error instanceof Error ? error.message : String(error));
  const common = { message, hint: error instanceof LonghaulError ? error.hint : null, retryAfterMs: null };
  if (sourceKind !== undefined) return { ...common, kind: sourceKind, evidence: message, origin: 'source' };
  return { ...common, kind: 'unknown', evidence: redact(error instanceof Error ? (error.stack ?? error.message) : message), origin: 'longhaul' };
}

function transportFailure(error: LonghaulError): Failure {
  const kind = error instanceof TransportError ? error.errorKind : kindInContext(error);
  return { kind, message: error.message, evidence: evidenceOf(error), hint: error.hint, retryAfterMs: null, origin: 'destination' };
}

/** Across two copies of the error package the class is another, the context is the same. */
function kindInContext({ context }: LonghaulError): TransportErrorKind | null {
  const kind = context['errorKind'];
  return typeof kind === 'string' ? (kind as TransportErrorKind) : null;
}

function evidenceOf({ context, message }: LonghaulError): string {
  const evidence = context['evidence'] ?? context['stderr'];
  return typeof evidence === 'string' ? evidence : message;
}

function lastLine(text: string): string | null {
  return text.trimEnd().split('\n').at(-1) || null;
}
