import { canTransition } from '@longhaul/sync-queue';
import type { Job, JobEvent } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { Simulation } from './simulation.ts';
import type { World } from './world.ts';
import { asText } from './world.ts';

/** What does not hold when all is quiet: no job is lost or stuck, nothing is torn, nothing is left behind, no byte is gone. */
export async function problemsAtTheEnd(simulation: Simulation): Promise<readonly string[]> {
  const problems = await problemsBut(simulation, guardedSources(simulation));
  // Where the machine slept, a reclaim may have been taken from one who was not dead: then nobody knows whether it deleted something.
  if (problems.length === 0 || simulation.sleeps === 0 || simulation.kind !== 'reclaim') return problems;
  return problemsBut(simulation, new Set([...guardedSources(simulation), ...(await guardedByTheQueue(simulation))]));
}

async function problemsBut(simulation: Simulation, guarded: ReadonlySet<string>): Promise<readonly string[]> {
  const told = [...placesOf(simulation, guarded), ...(simulation.kind === 'reclaim' ? notFreed(simulation.world, guarded) : []), ...simulation.judge.losses(), ...(await queueOf(simulation))];
  // Every history is read only where all else is well: this is asked again and again.
  return told.length > 0 ? told : jobsOf(simulation, guarded);
}

/** Sources of which something was deleted: nothing takes the place of their results any more. */
function guardedSources({ judge }: Simulation): ReadonlySet<string> {
  return judge.touched;
}

async function guardedByTheQueue({ world }: Simulation): Promise<readonly string[]> {
  const guarded: string[] = [];
  for (const { source, sourceId, destination } of (await world.queue.list({ limit: 500 })).jobs) {
    if ((await world.store.reclaimedResult({ sourceId, destination, finalName: rawPathFromText(source.split('/').at(-1) ?? '') })) !== null) guarded.push(source);
  }
  return guarded;
}

function placesOf({ world, meant }: Simulation, guarded: ReadonlySet<string>): readonly string[] {
  const problems: string[] = [];
  for (const [name, { destination }] of world.places) {
    problems.push(...destination.violations);
    if (destination.staging.size > 0) problems.push(`staging is left at ${name}`);
    for (const [path, folder] of world.sealer.folders) {
      if (guarded.has(path) || meant.get(path)?.includes(name) !== true) continue;
      const [there, here] = [JSON.stringify(world.published(path.split('/').at(-1) ?? '', name)), JSON.stringify(asText(folder.contents()))];
      if (there !== here) problems.push(`${name} holds ${there} instead of ${here}`);
    }
    const reveals = destination.reveals.map(({ jobId, sealId }) => `${jobId} ${sealId}`);
    // What was mended was published again.
    if (!destination.rotted && new Set(reveals).size !== reveals.length) problems.push(`something was published twice at ${name}: ${reveals.join(', ')}`);
  }
  return problems;
}

async function queueOf({ world }: Simulation): Promise<readonly string[]> {
  const problems: string[] = [];
  if ((await world.store.leases()).length > 0) problems.push('a lease is left');
  if ((await world.store.orphans()).length > 0) problems.push('an orphan is left');
  if ((await world.store.openReclaims()).length > 0) problems.push('a reclaim is left open');
  return problems;
}

async function jobsOf({ world }: Simulation, guarded: ReadonlySet<string>): Promise<readonly string[]> {
  const problems: string[] = [];
  const newest = new Set<string>();
  for (const job of (await world.queue.list({ limit: 500 })).jobs) {
    const place = `${job.source} ${job.destination}`;
    const isNewest = !newest.has(place);
    newest.add(place);
    problems.push(...historyOf(await world.queue.history(job.id)));
    const what = `job ${job.id} (${place}) is ${job.state}`;
    // Where a reaper has freed files nothing more is sent: that is refused, and said.
    if (guarded.has(job.source)) problems.push(...(['CLEANED', 'VERIFIED', 'FAILED', 'CANCELLED'].includes(job.state) ? [] : [what]));
    else problems.push(...untouched({ job, isNewest, what, proofs: await world.queue.proofs(job.id) }));
  }
  return problems;
}

function untouched({ job, isNewest, what, proofs }: { readonly job: Job; readonly isNewest: boolean; readonly what: string; readonly proofs: readonly { readonly sealDigest: string; readonly voidedAt: string | null }[] }): readonly string[] {
  if (!isNewest) return ['VERIFIED', 'CANCELLED', 'FAILED'].includes(job.state) ? [] : [what];
  if (job.state !== 'VERIFIED') return [`${what}: ${String(job.hold)} ${String(job.lastError)}`];
  return proofs.some(({ sealDigest, voidedAt }) => voidedAt === null && sealDigest === job.sealDigest) ? [] : [`${what} without a proof`];
}

/**
 * Nothing stands in the way of a source that is proven everywhere and that nobody writes to: it is freed in the end. But what shares files with one
 * of which something was deleted: that one is pushed no more, and may hold another content of them.
 */
function notFreed(world: World, guarded: ReadonlySet<string>): readonly string[] {
  const shares = (path: string): boolean => [...guarded].some((other) => path.startsWith(`${other}/`) || other.startsWith(`${path}/`));
  return [...world.sealer.folders].filter(([path, { files }]) => !guarded.has(path) && !shares(path) && files.size > 0).map(([path]) => `${path} was never freed`);
}

function historyOf(history: readonly JobEvent[]): readonly string[] {
  const problems: string[] = [];
  for (const [index, { from, to, epoch, jobId }] of history.entries()) {
    const before = history[index - 1];
    if (from !== (before?.to ?? null)) problems.push(`job ${jobId}: gap in its history at ${index}`);
    if (from !== null && from !== to && !canTransition(from, to)) problems.push(`job ${jobId}: ${from} to ${to}`);
    if (epoch < (before?.epoch ?? 0)) problems.push(`job ${jobId}: a lower epoch wrote after a higher one`);
  }
  return problems;
}
