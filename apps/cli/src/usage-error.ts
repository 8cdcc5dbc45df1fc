import { ErrorCode, LonghaulError } from '@longhaul/errors';

/** A command line that cannot be understood. Exit code 2. */
export class UsageError extends LonghaulError {
  constructor(message: string, hint?: string) {
    super(message, { code: ErrorCode.USAGE, hint });
  }
}
