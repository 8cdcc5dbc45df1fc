import { setTimeout as pause } from 'node:timers/promises';
import { INCOMING, lockPath } from '../protocol/layout.ts';
import type { LockHolder } from '../protocol/lock-holder.ts';
import { parseLockHolder, printLockHolder } from '../protocol/lock-holder.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw, rawBase, rawParent } from '../raw-path.ts';
import type { EpochStaging } from './epoch-staging.ts';
import { FencedError } from '../protocol/fenced-error.ts';
import { newNonce } from './nonce.ts';

/**
 * Who may publish a final name, where nothing can be created exclusively: rclone has no such step that every remote knows. Each contender writes a flag of
 * its own into the folder of the lock and looks who else is there *afterwards*. Of two whose flags stand at the same time, the one that looked
 * later sees both, so never do both go on; it needs a remote whose listings show what was written (all that rclone calls consistent do, S3 since 2020).
 * A `holder` of the other transports in that folder counts as a flag, and their rename onto the folder fails while a flag is in it.
 */
const FLAG = /^holder\.[0-9a-f]{32}$/;
/** Contenders that raised their flags together: the first by name waits for the others to lower theirs. Milliseconds. */
const WAITS_MS = [100, 200, 400, 800, 1600, 3200];

/** A raised flag, alone in its folder. */
export interface HeldFlag {
  /** Right before something is moved. @throws FencedError when it was taken from us, or a later claim of the job was here */
  confirm(): Promise<void>;
  lower(): Promise<void>;
  /** The call that raised it ends without lowering it: a later call of the same claim may. */
  abandon(): void;
}

export type FlagOutcome =
  | { readonly kind: 'held'; readonly flag: HeldFlag }
  | { readonly kind: 'locked'; readonly holder: string; readonly evidence: string }
  | { readonly kind: 'fenced'; readonly evidence: string };

/** Flags that calls of this process hold now: one of the same claim that is not among them was left by a call that has ended. */
const heldHere = new Set<string>();

/** Raises the flag for the placement's final name; stale ones of this job's earlier claims are taken down. */
export async function raiseFlag(staging: EpochStaging): Promise<FlagOutcome> {
  const { folder, placement, hostName } = staging;
  const place = lockPath(placement.finalName);
  const nonce = newNonce();
  const own = `holder.${nonce}` as RawPath;
  heldHere.add(nonce);
  await folder.write(joinRaw(place, own), printLockHolder({ host: placement.hostId, job: placement.jobId, epoch: placement.epoch, nonce, name: hostName }));
  const flag = heldFlag(staging, { place, own, nonce });
  for (const waitMs of [...WAITS_MS, null]) {
    const others = await readOthers(staging, { place, own });
    const stale = others.filter(({ holder }) => isStale(holder, staging));
    if (stale.length > 0) {
      const fence = await staging.fence();
      if (fence !== null) return givenUp(flag, fence);
      await folder.removeFiles(place, stale.map(({ name }) => name));
    }
    const live = others.filter((other) => !stale.includes(other));
    const [first] = live;
    if (first === undefined) return { kind: 'held', flag };
    const isFirst = live.every(({ name }) => FLAG.test(name) && own < name);
    if (!isFirst || waitMs === null) return givenUp(flag, locked(first.holder));
    await pause(waitMs);
  }
  return givenUp(flag, locked(null));
}

/** Takes down what this job has raised, whichever claim it was: for a job that is given up. */
export async function lowerOwnFlags(staging: EpochStaging): Promise<void> {
  const place = lockPath(staging.placement.finalName);
  const others = await readOthers(staging, { place, own: '' as RawPath });
  const stale = others.filter(({ holder }) => isStale(holder, staging)).map(({ name }) => name);
  await staging.folder.removeFiles(place, stale);
  if (stale.length > 0 && stale.length === others.length) await staging.folder.removeEmptyFolder(place);
}

interface OtherFlag {
  readonly name: RawPath;
  /** null: somebody's, but it does not say whose. */
  readonly holder: LockHolder | null;
}

async function readOthers({ folder }: EpochStaging, { place, own }: { readonly place: RawPath; readonly own: RawPath }): Promise<readonly OtherFlag[]> {
  const names = [...((await folder.list(place, { depth: 'one' }))?.keys() ?? [])].filter((name) => name !== own && !name.endsWith('.new'));
  return Promise.all(names.map(async (name) => ({ name, holder: parseLockHolder((await folder.read(joinRaw(place, name)))?.toString('latin1') ?? '') })));
}

function heldFlag(staging: EpochStaging, { place, own, nonce }: { readonly place: RawPath; readonly own: RawPath; readonly nonce: string }): HeldFlag {
  const { folder, placement } = staging;
  return {
    confirm: async () => {
      const { flags, epochs } = await lookAround(staging, place);
      const later = epochs.find((epoch) => epoch > placement.epoch);
      if (later !== undefined) throw new FencedError(`job ${placement.jobId} has been claimed again: epoch ${String(later)} is in its staging folder, this is ${String(placement.epoch)}`);
      if (!flags.includes(own)) throw new FencedError(`the lock of the final name was taken from job ${placement.jobId}, epoch ${String(placement.epoch)}`);
    },
    lower: async () => {
      await folder.removeFile(joinRaw(place, own));
      heldHere.delete(nonce);
      // Another flag may stand there by now: then it stays.
      await folder.removeEmptyFolder(place);
    },
    abandon: () => heldHere.delete(nonce),
  };
}

/** The flags of a final name and the epochs of the job: in one call where there are folders; a bucket store would list all jobs for that. */
async function lookAround({ folder, layout }: EpochStaging, place: RawPath): Promise<{ readonly flags: readonly RawPath[]; readonly epochs: readonly number[] }> {
  if (folder.facts.folders === 'none') {
    const [flags, job] = await Promise.all([folder.list(place, { depth: 'one' }), folder.list(layout.job, { depth: 'one' })]);
    return { flags: [...(flags?.keys() ?? [])], epochs: epochsIn([...(job?.keys() ?? [])]) };
  }
  const below = (path: RawPath): string => path.slice(INCOMING.length);
  const found = [...((await folder.list(INCOMING, { depth: 'all', only: [`${below(layout.job)}/epoch.*`, `${below(place)}/*`] }))?.keys() ?? [])].map((path) => joinRaw(INCOMING, path));
  return {
    flags: found.filter((path) => rawParent(path) === place).map(rawBase),
    epochs: epochsIn(found.filter((path) => rawParent(path) === layout.job).map(rawBase)),
  };
}

function epochsIn(names: readonly RawPath[]): readonly number[] {
  return names.flatMap((name) => (/^epoch\.\d+$/.test(name) ? [Number(name.slice('epoch.'.length))] : []));
}

async function givenUp(flag: HeldFlag, outcome: Exclude<FlagOutcome, { kind: 'held' }>): Promise<FlagOutcome> {
  await flag.lower();
  return outcome;
}

function isStale(holder: LockHolder | null, { placement }: EpochStaging): boolean {
  if (holder?.host !== placement.hostId || holder.job !== placement.jobId) return false;
  return holder.epoch < placement.epoch || (holder.epoch === placement.epoch && !heldHere.has(holder.nonce));
}

function locked(holder: LockHolder | null): Exclude<FlagOutcome, { kind: 'held' }> {
  if (holder === null) return { kind: 'locked', holder: 'unknown', evidence: 'the final name is locked, and the lock does not say by whom' };
  const { host, job, epoch, name } = holder;
  return { kind: 'locked', holder: `${name} (${host})`, evidence: `the final name is locked by job ${job}, epoch ${String(epoch)}, of ${name} (${host})` };
}
