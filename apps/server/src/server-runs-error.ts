import { ErrorCode, LonghaulError } from '@longhaul/errors';
import type { LockState } from '@longhaul/host';

/** A server of this state directory runs already. */
export class ServerRunsError extends LonghaulError {
  constructor(stateDir: string, lock: LockState) {
    const pid = lock.kind === 'held' ? ` (pid ${String(lock.owner.pid)})` : '';
    super(`a server of ${JSON.stringify(stateDir)} runs already${pid}`, { code: ErrorCode.JOB_CONFLICT, hint: 'One is enough; end that one first, or use another state directory: --state-dir DIR' });
  }
}
