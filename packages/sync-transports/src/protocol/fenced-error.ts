import { TransportError, TransportErrorKind } from '@longhaul/errors';

/** A later claim of the same job has taken over. Publish turns it into its outcome; all other calls throw it. */
export class FencedError extends TransportError {
  constructor(evidence: string) {
    super(evidence, { errorKind: TransportErrorKind.INTERRUPTED, hint: 'Another worker has this job now; nothing is to be done here' });
  }

  override get name(): string {
    return 'TransportError';
  }
}
