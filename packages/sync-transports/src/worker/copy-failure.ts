import { errnoOf } from './raw-fs.ts';
import type { CopyFault } from './tasks.ts';

/** A system call of a copy that failed, with the side it failed on. Stays inside the worker. */
export class CopyFailure extends Error {
  override readonly name = 'CopyFailure';
  readonly side: CopyFault['side'];
  readonly call: string;
  readonly code: string;

  constructor(side: CopyFault['side'], call: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.side = side;
    this.call = call;
    this.code = errnoOf(cause);
  }
}
