import type { AuditBudget } from '../verify-pass.ts';
import type { WorkerEnv } from '../worker/worker-env.ts';
import { runVerifyPass } from './verify-pass-run.ts';

/** How the audit of a worker is run. */
export interface AuditErrandOptions {
  /** null: this worker audits nothing. */
  readonly budget: AuditBudget | null;
  readonly only: readonly string[] | undefined;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** A pass has ended, or failed: look again. */
  readonly onDone: (failure: { readonly error: unknown } | null) => void;
}

/** The rolling audit of one worker: a pass at a time, begun only while the worker has nothing to push, and never in a push's way. */
export class AuditErrand {
  readonly #env: WorkerEnv;
  readonly #options: AuditErrandOptions;
  /** For the passes to come; null: none. */
  budget: AuditBudget | null;
  #pass: Promise<void> | null = null;

  constructor(env: WorkerEnv, options: AuditErrandOptions) {
    this.#env = env;
    this.#options = options;
    this.budget = options.budget;
  }

  get busy(): boolean {
    return this.#pass !== null;
  }

  /** Begins a pass if one is due and none is under way. Returns whether one is now. */
  async beginWhenDue(): Promise<boolean> {
    const { only, signal } = this.#options;
    const { budget } = this;
    if (budget === null || this.busy || signal.aborted) return this.busy;
    const { store, owners, policy } = this.#env;
    const claim = await store.claimVerifyPass({ owner: owners.self, leaseMs: policy.leaseMs, target: { occasion: 'audit', budget, ...(only === undefined ? {} : { destinations: only }) } });
    if (claim.kind !== 'claimed') return false;
    this.#pass = runVerifyPass(this.#env, claim.pass, signal).then(
      () => this.#end(null),
      (error: unknown) => this.#end(signal.aborted ? null : { error }),
    );
    return true;
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#pass;
  }

  #end(failure: { readonly error: unknown } | null): void {
    this.#pass = null;
    this.#options.onDone(failure);
  }
}
