import { isLonghaulError } from '@longhaul/errors';
import type { ProvenPlace } from './decide-reclaim.ts';
import { Stop } from './ends-on-the-way.ts';
import type { LeftProof } from './proofs-file.ts';
import { filesLeftBehind } from './proofs-file.ts';
import type { ReaperEnv } from './reaper-ports.ts';
import type { RunRequest } from './reclaim-run.ts';

type Leaving = Pick<RunRequest, 'prepared' | 'keeper' | 'signal'>;

/** Manifest, receipts and proofs go into the source before its files go. @throws Stop, the signal's reason */
export async function leaveProofs(env: ReaperEnv, leaving: Leaving): Promise<void> {
  if (env.reclaim.metadata === 'drop') return;
  const { prepared, keeper } = leaving;
  const places = await Promise.all(prepared.places.map(async (place) => leftProof(env, place, leaving.signal)));
  const at = new Date(env.clock.now()).toISOString();
  await prepared.hand.source.leaveBehind(filesLeftBehind(prepared.hand.seal, { reclaimId: keeper.lease.reclaimId, at, places }));
}

async function leftProof(env: ReaperEnv, { destination, finalName, job }: ProvenPlace, signal: AbortSignal): Promise<LeftProof> {
  const place = await env.destinations(destination);
  if (place === null || finalName === null) throw new Stop([{ kind: 'not_configured', destination }]);
  const found = await asking(async () => place.transport.readReceipt({ finalName, signal }), { destination, signal });
  if (found.kind !== 'receipt' || found.receipt.sealDigest !== job.sealDigest) throw new Stop([{ kind: 'check_failed', destination, detail: 'its receipt is gone, or another one by now' }]);
  const proofs = (await env.store.proofs(job.id)).filter(({ voidedAt, sealDigest }) => voidedAt === null && sealDigest === job.sealDigest);
  return { destination, finalName, jobId: job.id, receipt: found.receipt, proofs };
}

async function asking<T>(ask: () => Promise<T>, { destination, signal }: { readonly destination: string; readonly signal: AbortSignal }): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    if (!isLonghaulError(error)) throw error;
    throw new Stop([{ kind: 'no_answer', destination, detail: error.message }]);
  }
}
