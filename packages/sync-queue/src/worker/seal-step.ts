import { displayPath, INCOMING, isSameFilter, leftOutText } from '@longhaul/sync-transports';
import type { RawPath, Seal, SealRequest } from '@longhaul/sync-transports';
import type { SealRecord } from '../lease.ts';
import type { AgainOutcome } from '../outcome.ts';
import { sourcesOverlap } from '../reclaim/overlap.ts';
import { JobFailed } from './job-failure.ts';
import type { JobRun } from './job-run.ts';

/** So many paths are spelled out where a message names some. */
const SHOWN = 5;

/** Why a job must not be sealed yet: its source is written to. null: it can go on. */
export async function reasonToWait(run: JobRun): Promise<AgainOutcome | null> {
  const { env, job } = run;
  const busy = (await env.sourceBusy?.(job)) ?? null;
  if (busy !== null) return wait({ hold: 'source_busy', delayMs: env.policy.busySourceMs, detail: busy });
  const reclaim = (await env.store.openReclaims()).find((open) => sourcesOverlap(open.source, run.claimed.source));
  if (reclaim !== undefined) return wait({ hold: 'source_busy', delayMs: env.policy.busySourceMs, detail: `local files of ${reclaim.sourcePath} are being reclaimed` });
  const restless = await restlessFor(run);
  return restless === null ? null : wait({ hold: 'source_changed', ...restless });
}

function wait({ hold, delayMs, detail }: { readonly hold: 'source_busy' | 'source_changed'; readonly delayMs: number; readonly detail: string }): AgainOutcome {
  return { kind: 'again', to: 'QUEUED', hold, holdDetail: detail, delayMs, charge: 'nothing', reason: detail };
}

/** After a change: how long until the files that changed have been left alone for long enough (design §5.1). */
async function restlessFor(run: JobRun): Promise<{ readonly delayMs: number; readonly detail: string } | null> {
  const { env, claimed, job } = run;
  if (claimed.waited?.reason !== 'source_changed' || claimed.waited.ms > env.policy.maxQuietWaitMs || job.sealId === null) return null;
  const old = await env.seals.get(job.sealId);
  const check = old === null ? null : await env.sealer.check(old);
  if (old === null || check?.kind !== 'changed') return null;
  const changedAt = await env.lastChange(old, check.paths);
  const quietFor = changedAt === null ? Number.POSITIVE_INFINITY : env.clock.now() - changedAt;
  // A time in the future says nothing about quiet.
  if (quietFor < 0 || quietFor >= env.policy.retry.quietMs) return null;
  return { delayMs: Math.ceil(env.policy.retry.quietMs - quietFor), detail: `the source is still written to: ${named(check.paths)}` };
}

/** The seal to push: the job's own while the source is as it was, or another job's of the same source, or a new one. */
export async function sealForPush(run: JobRun, onListed?: SealRequest['onListed']): Promise<Seal> {
  return run.env.sealing.run(run.job.sourceId, async () => {
    const standing = (await ownSeal(run)) ?? (await latestSeal(run));
    if (standing !== null) {
      if (standing.id !== run.job.sealId || run.claimed.sealNeeded === 'yes') await record(run, standing);
      return standing;
    }
    return newSeal(run, 'cached', onListed);
  });
}

/** Takes a seal and makes it the job's: on the shelf first, then in the row. */
export async function newSeal(run: JobRun, hashing: SealRequest['hashing'], onListed?: SealRequest['onListed']): Promise<Seal> {
  const { env, held, claimed } = run;
  await env.store.intend(held.lease, { phase: 'sealing', reason: hashing === 'fresh' ? 'hashing the source again, past the cache' : 'sealing the source' });
  const seal = await env.sealer.seal({
    source: claimed.source,
    hashing,
    ...(onListed === undefined ? {} : { onListed }),
    onProgress: (progress) => { run.progress.hashed({ phase: 'sealing', ...progress }); },
    signal: held.signal,
  });
  await run.progress.drained();
  held.check();
  await env.seals.put(seal);
  await record(run, seal);
  return seal;
}

async function ownSeal(run: JobRun): Promise<Seal | null> {
  const { claimed, job, env } = run;
  if (claimed.sealNeeded === 'yes' || job.sealId === null) return null;
  const seal = await env.seals.get(job.sealId);
  if (seal === null) return null;
  const check = await env.sealer.check(seal);
  if (check.kind === 'vanished') throw vanished(run, check.paths);
  return check.kind === 'unchanged' ? seal : null;
}

async function latestSeal({ env, job, claimed }: JobRun): Promise<Seal | null> {
  const known = await env.store.latestSeal(job.sourceId);
  const seal = known === null ? null : await env.seals.get(known.id);
  if (seal === null || !isSameFilter(seal.source.filter, claimed.source.filter)) return null;
  return (await env.sealer.check(seal)).kind === 'unchanged' ? seal : null;
}

async function record(run: JobRun, seal: Seal): Promise<void> {
  run.job = await run.env.store.recordSeal(run.held.lease, sealRecord(run.job.sourceId, seal));
  run.seal = seal;
}

function sealRecord(sourceId: string, { id, digest, sealedAt, totals, findings, leftOut }: Seal): SealRecord {
  const told = [...findings.map(({ kind, path }) => `${kind} ${displayPath(path)}`), leftOutText(leftOut)].filter((text) => text !== null);
  return { id, sourceId, digest, sealedAt, files: totals.files, bytes: totals.bytes, findings: told.length === 0 ? null : told.join(', ') };
}

/** After the push: the source must still be what was sealed, or what arrived may be torn. @throws JobFailed */
export async function assertUnchanged(run: JobRun, seal: Seal): Promise<void> {
  const check = await run.env.sealer.check(seal);
  if (check.kind === 'vanished') throw vanished(run, check.paths);
  if (check.kind !== 'changed') return;
  throw check.paths.some((path) => `/${path}`.includes(`/${INCOMING}/${run.job.id}`)) ? inside(run) : changed(run, named(check.paths));
}

/** What this very job is staging turns up in its source: a mount of the destination, below the source, would grow with every push. */
function inside({ job }: JobRun): JobFailed {
  const message = `the destination ${job.destination} lies in the source ${job.source} itself: what this job sends there turns up in it`;
  return new JobFailed({ kind: 'config', message, evidence: message, hint: 'Choose a destination elsewhere, or leave its folder out (exclude)', retryAfterMs: null, origin: 'source' });
}

export function changed({ job }: JobRun, what: string): JobFailed {
  const message = `source ${job.source} changed while it was sent: ${what}`;
  return new JobFailed({ kind: 'source_changed', message, evidence: what, hint: 'End what writes there to have it sent sooner', retryAfterMs: null, origin: 'source' });
}

function vanished({ job }: JobRun, paths: readonly RawPath[]): JobFailed {
  const message = `source ${job.source} lost files that were sealed: ${named(paths)}`;
  const hint = `Put them back, or seal what is there now: longhaul sync retry ${job.id}`;
  return new JobFailed({ kind: 'local_file_vanished', message, evidence: named(paths), hint, retryAfterMs: null, origin: 'source' });
}

/** The first few of many. */
export function named(paths: readonly RawPath[]): string {
  const shown = paths.slice(0, SHOWN).map((path) => displayPath(path)).join(', ');
  return paths.length > SHOWN ? `${shown} and ${paths.length - SHOWN} more` : shown;
}
