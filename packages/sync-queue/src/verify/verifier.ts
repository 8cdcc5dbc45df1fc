import { JobNotFoundError } from '@longhaul/errors';
import type { Job, ProofOccasion } from '../job.ts';
import type { Owner } from '../owner.ts';
import { workerEnv } from '../worker/worker-env.ts';
import type { WorkerEnv } from '../worker/worker-env.ts';
import type { WorkerListener } from '../worker/worker-event.ts';
import type { WorkerPorts } from '../worker/worker-ports.ts';
import type { VerifyPassOutcome } from '../verify-pass.ts';
import { runVerifyPass } from './verify-pass-run.ts';

/** What came of looking at one result. `busy`: another process looks at it just now. `not_there`: nothing of this job is published. */
export type VerifyReport =
  | { readonly kind: 'looked'; readonly job: Job; readonly outcome: VerifyPassOutcome }
  | { readonly kind: 'busy'; readonly job: Job; readonly owner: Owner | null }
  | { readonly kind: 'not_there'; readonly job: Job };

export interface VerifyJobOptions {
  /** What the proof is for; default `verify`. */
  readonly occasion?: Exclude<ProofOccasion, 'publish' | 'audit'>;
  readonly signal?: AbortSignal;
}

/** Looks at published results by name, outside of a worker: for people, and for the last check before a local copy is deleted. */
export class Verifier {
  readonly #env: WorkerEnv;

  constructor(ports: WorkerPorts) {
    this.#env = workerEnv(ports);
  }

  /** Returns what takes the listener off again. */
  on(listener: WorkerListener): () => void {
    return this.#env.events.on(listener);
  }

  /**
   * Reads all of a published result at its destination and leaves a proof, or finds damage and has it repaired (design §5.6).
   * @throws JobNotFoundError, QueueStoreError, the signal's reason
   */
  async verify(jobId: string, { occasion = 'verify', signal = new AbortController().signal }: VerifyJobOptions = {}): Promise<VerifyReport> {
    const { store, owners, policy } = this.#env;
    signal.throwIfAborted();
    const claim = await store.claimVerifyPass({ owner: owners.self, leaseMs: policy.leaseMs, target: { occasion, jobId } });
    if (claim.kind === 'not_there') return claim;
    if (claim.kind !== 'claimed') return this.#busy(jobId, claim.kind === 'busy' ? claim.owner : null);
    const ended = await runVerifyPass(this.#env, claim.pass, signal);
    return ended === null ? this.#busy(jobId, null) : { kind: 'looked', ...ended };
  }

  async #busy(jobId: string, owner: Owner | null): Promise<VerifyReport> {
    const job = await this.#env.store.get(jobId);
    if (job === null) throw new JobNotFoundError(jobId);
    return { kind: 'busy', job, owner };
  }
}
