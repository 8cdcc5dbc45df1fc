import { count } from '@longhaul/errors';
import type { SealListing } from '@longhaul/sync-transports';
import type { EarlyReceipt } from './early-receipt.ts';
import type { JobRun } from './job-run.ts';
import { push } from './one-push.ts';

/**
 * The push of what has been listed and is still being hashed (design §5.1: the list is fixed first, the seal complete before verify). Only
 * where nothing of this name is at the destination yet: whether an earlier result holds the same content is not known before the hashes are.
 */
export class PushAhead implements AsyncDisposable {
  readonly #run: JobRun;
  readonly #early: EarlyReceipt;
  readonly #abort = new AbortController();
  #pushing: Promise<PushEnd> | null = null;

  constructor(run: JobRun, early: EarlyReceipt) {
    this.#run = run;
    this.#early = early;
  }

  /** Called by the sealer, at once when the list is there. Throws nothing: see {@link ended}. */
  begin(listing: SealListing): void {
    const { transport, job } = this.#run;
    if (transport.pushListing === undefined || job.mismatches > 0 || this.#pushing !== null) return;
    this.#pushing = this.#push(listing).catch(async (error: unknown) => this.#failed(error));
  }

  /** @throws what the push throws: JobFailed, Stopped, WindowClosed, errors of the ports */
  async ended(): Promise<'pushed' | 'not begun'> {
    const end = (await this.#pushing) ?? NOT_BEGUN;
    if (end.kind === 'failed') throw end.error;
    return end.kind;
  }

  /** Where the seal did not come about, nothing of it may go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#pushing;
  }

  async #push(listing: SealListing): Promise<PushEnd> {
    const { transport, env, held } = this.#run;
    const inPlace = await this.#early.current();
    if (inPlace.kind !== 'none' || this.#abort.signal.aborted) return NOT_BEGUN;
    await transport.checkNames(listing);
    held.check();
    await env.store.intend(held.lease, { phase: 'pushing', reason: `pushing ${count(listing.totals.files, 'file')}, ${count(listing.totals.bytes, 'byte')}` });
    await push(this.#run, { listing, signal: this.#abort.signal });
    await this.#tellHashing('all of it is sent: hashing what is left of the source');
    return { kind: 'pushed' };
  }

  async #failed(error: unknown): Promise<PushEnd> {
    try {
      if (this.#run.pushing === 'begun' && this.#run.held.stop === null && !this.#abort.signal.aborted) await this.#tellHashing('sending has broken off: hashing what is left of the source first');
      return { kind: 'failed', error };
    } catch (second) {
      return { kind: 'failed', error: second };
    }
  }

  /** Over sooner than the hashing: a person sees what it waits for. */
  async #tellHashing(reason: string): Promise<void> {
    const { env, held } = this.#run;
    if (this.#run.seal === null) await env.store.intend(held.lease, { phase: 'sealing', reason });
  }
}

type PushEnd = { readonly kind: 'pushed' | 'not begun' } | { readonly kind: 'failed'; readonly error: unknown };

const NOT_BEGUN: PushEnd = { kind: 'not begun' };
