import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isLonghaulError, redact } from '@longhaul/errors';
import { compareManifest, displayPath, rawPathFromText } from '@longhaul/sync-transports';
import type { ManifestComparison, Placement, PublishOutcome, RawPath, Seal, Transport } from '@longhaul/sync-transports';
import type { Job } from '../job.ts';
import type { Repair } from '../verify-pass.ts';
import { newReceipt } from '../worker/publish-step.ts';
import type { Destination } from '../worker/worker-ports.ts';
import type { Look } from './look.ts';

type Mended = Extract<Repair, { kind: 'mended' }>;
type Mending = Mended | { readonly kind: 'not_mended'; readonly problem: string };

/** What keeps a copy from being used; told to a person, who may do it by hand. */
class CannotMend extends Error {}

/**
 * Mends a damaged result with the copy at another destination, within this pass: fetched, hashed, and only if it is what was sealed pushed into staging,
 * proven there and published in place of the damaged one, which stays until then: whatever goes wrong leaves that as it was.
 * Not at a destination that makes results in place (rclone at bucket stores): there the damaged one loses its receipt first and is overwritten file by file.
 * @throws the signal's reason, errors of the store
 */
export async function mendFromOther(look: Look, seal: Seal, other: Job): Promise<Mending> {
  const { env, pass, signal } = look;
  const into = env.repairDir === null ? null : join(env.repairDir, pass.job.id);
  try {
    const [from, to] = [await env.destinations(other.destination), await env.destinations(pass.job.destination)];
    if (from?.transport.fetch === undefined || to === null || into === null) return { kind: 'not_mended', problem: 'it cannot be fetched by Longhaul' };
    const fetched = await fetchSealed(look, { from: from.transport, other, seal, into });
    return await putInPlace({ look, seal, to, placement: placementOf(look) }, { fetched, from: other.destination });
  } catch (error) {
    signal.throwIfAborted();
    if (isLonghaulError(error, 'QUEUE_STORE') || isLonghaulError(error, 'LEASE_LOST')) throw error;
    // Whatever it is, a full disk here for one: the damage must be told all the same.
    return { kind: 'not_mended', problem: redact(error instanceof Error ? error.message : String(error)) };
  } finally {
    if (into !== null) await rm(into, { recursive: true, force: true }).catch((error: unknown) => env.events.emit({ type: 'problem', error, jobId: pass.job.id }));
  }
}

function placementOf({ env, pass }: Look): Placement {
  return { jobId: pass.job.id, epoch: pass.epoch, hostId: env.hostId, finalName: pass.finalName };
}

interface Fetching {
  readonly from: Transport;
  readonly other: Job;
  readonly seal: Seal;
  readonly into: string;
}

/** The copy as a source to push from, sealed anew. @throws CannotMend where it is not what was sealed */
async function fetchSealed({ env, pass, signal }: Look, { from, other, seal, into }: Fetching): Promise<Seal> {
  const finalName = rawPathFromText(other.finalName);
  if (displayPath(finalName) !== other.finalName) throw new CannotMend('its name can only be typed by hand');
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true, mode: 0o700 });
  const folder = await from.fetch?.({ finalName, seal, into, signal });
  if (folder === undefined) throw new CannotMend('it cannot be fetched by Longhaul');
  const { kind, name, filter } = pass.source;
  const source = await env.sealer.resolve(kind === 'file' ? join(folder, displayPath(name)) : folder);
  const fetched = await env.sealer.seal({ source: { ...source, ...(filter === undefined ? {} : { filter }) }, hashing: 'fresh', signal });
  if (fetched.digest !== seal.digest) throw new CannotMend('what was fetched from there is not what was sealed');
  return fetched;
}

interface Mend {
  readonly look: Look;
  readonly seal: Seal;
  readonly to: Destination;
  readonly placement: Placement;
}

async function putInPlace(mend: Mend, { fetched, from }: { readonly fetched: Seal; readonly from: string }): Promise<Mended> {
  const { look, seal, to, placement } = mend;
  const { env, pass, signal } = look;
  let staged = true;
  try {
    await push(mend, fetched, []);
    let comparison = await stagedDifference(mend);
    const wrong = [...comparison.missing, ...comparison.mismatched];
    // Right size and time, wrong content: taken over from the damaged result.
    if (wrong.length > 0) {
      await push(mend, fetched, wrong);
      comparison = await stagedDifference(mend);
    }
    if (comparison.missing.length + comparison.mismatched.length > 0) throw new CannotMend(`what arrived at ${pass.job.destination} is not what was sealed`);
    if (comparison.extra.length > 0) await to.transport.prune({ placement, extras: comparison.extra, signal });
    signal.throwIfAborted();
    const receipt = newReceipt({ job: await currentJob(look), env, epoch: pass.epoch }, { seal, strength: comparison.strength });
    const outcome = await to.transport.publish({ seal, placement, receipt, signal });
    if (outcome.kind !== 'published') throw new CannotMend(`it could not be published: ${refusalOf(outcome)}`);
    staged = false;
    const { files, bytes } = seal.totals;
    return { kind: 'mended', from, proof: { sealId: seal.id, sealDigest: seal.digest, strength: comparison.strength, files, bytes } };
  } finally {
    if (staged) await removeStaging(mend);
  }
}

/** A newer generation that was asked for meanwhile goes first: it puts its own content there. */
async function currentJob({ env, pass }: Look): Promise<Job> {
  await env.store.renewVerifyPass(pass.ref, { leaseMs: env.policy.leaseMs });
  const job = await env.store.get(pass.job.id);
  if (job?.state !== pass.job.state) throw new CannotMend('the job went on meanwhile');
  return job;
}

async function push({ look, to, placement }: Mend, seal: Seal, repeat: readonly RawPath[]): Promise<void> {
  const { env, pass, signal } = look;
  const limit = to.bandwidth?.(env.clock.now()).bytesPerSecond ?? null;
  if (limit === 0) throw new CannotMend(`nothing is sent to ${pass.job.destination} now: a bandwidth window`);
  const result = await to.transport.push({ seal, placement, ...(repeat.length === 0 ? {} : { repeat }), ...(limit === null ? {} : { bandwidth: limit }), signal });
  signal.throwIfAborted();
  if (!result.ok) throw new CannotMend(`it could not be sent to ${pass.job.destination}: ${result.evidence ?? result.errorKind ?? 'a program is missing'}`);
}

async function stagedDifference({ look, seal, to, placement }: Mend): Promise<ManifestComparison> {
  const comparison = compareManifest(seal, await to.transport.hashsum({ where: 'staging', seal, placement, signal: look.signal }));
  look.signal.throwIfAborted();
  return comparison;
}

/** Best effort, and no later than the next pass: it stages in the same folder. */
async function removeStaging({ look, to, placement }: Mend): Promise<void> {
  await to.transport.remove({ placement }).catch((error: unknown) => look.env.events.emit({ type: 'problem', error, jobId: placement.jobId }));
}

function refusalOf(outcome: Exclude<PublishOutcome, { kind: 'published' }>): string {
  return outcome.evidence;
}
