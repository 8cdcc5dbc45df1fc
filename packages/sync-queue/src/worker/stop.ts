/** Why the work on a job is broken off. */
export type Stop =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'leaseLost'; readonly cause: unknown }
  | { readonly kind: 'stalled'; readonly afterMs: number };

/** Thrown to leave the steps of a job; only the one who runs the job catches it. */
export class Stopped extends Error {
  readonly stop: Stop;

  constructor(stop: Stop) {
    super(`stopped: ${stop.kind}`);
    this.stop = stop;
  }
}
