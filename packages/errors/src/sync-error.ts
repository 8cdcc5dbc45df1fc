import { ErrorCode } from './error-code.ts';
import type { LonghaulErrorOptions } from './longhaul-error.ts';
import { LonghaulError } from './longhaul-error.ts';
import type { TransportErrorKind } from './transport-error-kind.ts';

/** Everything that can go wrong on the way from a source to a destination. */
export class SyncError extends LonghaulError {}

/** Options of {@link TransportError}. */
export interface TransportErrorOptions extends LonghaulErrorOptions {
  readonly errorKind?: TransportErrorKind | null | undefined;
}

/**
 * A transport could not do what it was asked. `errorKind` is null where none was given: the upstream program is missing;
 * the retry policy has a row for it (design §5.4).
 */
export class TransportError extends SyncError {
  readonly errorKind: TransportErrorKind | null;

  constructor(message: string, options: TransportErrorOptions = {}) {
    const errorKind = options.errorKind ?? null;
    super(message, { ...options, code: ErrorCode.TRANSPORT, context: { errorKind, ...options.context } });
    this.errorKind = errorKind;
  }
}
