import type { TransportErrorKind } from '@longhaul/errors';

/** Why an attempt did not get through, as it stands in the job's row and history. */
export interface Failure {
  /** null: a failure that no table names because the program is missing. */
  readonly kind: TransportErrorKind | null;
  /** For a person: what happened, with which program, where. */
  readonly message: string;
  /** The line that decided the kind, as the tool printed it. */
  readonly evidence: string | null;
  readonly hint: string | null;
  readonly retryAfterMs: number | null;
  /** Whose fault: only what failed at the destination is tried again when the destination answers again. */
  readonly origin: 'destination' | 'source' | 'longhaul';
}
