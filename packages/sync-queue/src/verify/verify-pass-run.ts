import { count, isLonghaulError } from '@longhaul/errors';
import type { Job } from '../job.ts';
import type { ClaimedVerifyPass, VerifyPassOutcome } from '../verify-pass.ts';
import type { WorkerEnv } from '../worker/worker-env.ts';
import { lookAtResult } from './look.ts';
import type { Finding, Look } from './look.ts';
import { repairOf } from './repair.ts';

/** How a pass ended, and the job as that left it. */
export interface EndedVerifyPass {
  readonly job: Job;
  readonly outcome: VerifyPassOutcome;
}

/**
 * Sees a claimed pass through: looks, decides on a repair, settles. null: the lease was lost, another process looks at it now.
 * @throws errors of the store, the signal's reason when aborted (the pass is free again then)
 */
export async function runVerifyPass(env: WorkerEnv, pass: ClaimedVerifyPass, signal: AbortSignal): Promise<EndedVerifyPass | null> {
  using lease = new PassLease(env, pass);
  const look: Look = { env, pass, signal: AbortSignal.any([signal, lease.signal]) };
  env.events.emit({ type: 'verifyPassStarted', job: pass.job, occasion: pass.occasion });
  try {
    const outcome = await outcomeOf(look);
    const job = await env.store.settleVerifyPass(pass.ref, outcome);
    env.events.emit({ type: 'verifyPassEnded', job, occasion: pass.occasion, outcome });
    return { job, outcome };
  } catch (error) {
    if (lease.lost || isLonghaulError(error, 'LEASE_LOST')) return null;
    if (signal.aborted) await giveUp(env, pass);
    throw error;
  }
}

/** Told to stop: nothing was found, and nobody need wait for the lease to lapse. */
async function giveUp({ store }: WorkerEnv, { ref }: ClaimedVerifyPass): Promise<void> {
  await store.settleVerifyPass(ref, { kind: 'unknown', evidence: 'it was interrupted', delayMs: 0 }).catch((error: unknown) => {
    if (!isLonghaulError(error)) throw error;
  });
}

async function outcomeOf(look: Look): Promise<VerifyPassOutcome> {
  const finding = await lookAtResult(look);
  switch (finding.kind) {
    case 'proven':
      return provenOutcome(finding);
    case 'damaged': {
      const { evidence, mendable, seal } = finding;
      return { kind: 'damaged', evidence, repair: mendable === 'yes' ? await repairOf(look, seal) : { kind: 'stay', why: mendable.no } };
    }
    case 'unknown':
      return { ...finding, delayMs: look.env.policy.auditRetryMs };
    case 'superseded':
      return finding;
  }
}

function provenOutcome({ seal, comparison }: Extract<Finding, { kind: 'proven' }>): VerifyPassOutcome {
  const { files, bytes } = seal.totals;
  const { strength, extra } = comparison;
  const besides = extra.length === 0 ? '' : `; besides ${count(extra.length, 'entry', 'entries')} not sealed`;
  return { kind: 'proven', proof: { sealId: seal.id, sealDigest: seal.digest, strength, files, bytes }, evidence: `${count(files, 'file')}, ${count(bytes, 'byte')}, by ${strength}${besides}` };
}

/** Renews a pass from a timer; its signal is aborted when that fails for good. */
class PassLease implements Disposable {
  readonly #env: WorkerEnv;
  readonly #pass: ClaimedVerifyPass;
  readonly #abort = new AbortController();
  #cancelTimer: () => void = () => undefined;

  constructor(env: WorkerEnv, pass: ClaimedVerifyPass) {
    this.#env = env;
    this.#pass = pass;
    this.#schedule();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get lost(): boolean {
    return this.#abort.signal.aborted;
  }

  [Symbol.dispose](): void {
    this.#cancelTimer();
  }

  #schedule(): void {
    const { clock, policy } = this.#env;
    this.#cancelTimer = clock.after(policy.leaseMs / 4, () => {
      this.#schedule();
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { store, policy, events } = this.#env;
    try {
      await store.renewVerifyPass(this.#pass.ref, { leaseMs: policy.leaseMs });
    } catch (error) {
      if (isLonghaulError(error, 'LEASE_LOST')) this.#abort.abort(error);
      else events.emit({ type: 'problem', error, jobId: this.#pass.job.id });
    }
  }
}
