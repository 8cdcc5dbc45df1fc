import { ErrorCode, LonghaulError } from '@longhaul/errors';

/** A request that cannot be understood; it quotes nothing of it. */
export class BadRequest extends LonghaulError {
  constructor(message: string, fix?: string) {
    super(message, { code: ErrorCode.USAGE, hint: fix });
  }
}
