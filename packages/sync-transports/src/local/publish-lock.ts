import type { LockHolder } from '../protocol/lock-holder.ts';
import { parseLockHolder, printLockHolder } from '../protocol/lock-holder.ts';
import { lockPath, passingPath } from '../protocol/layout.ts';
import { newScrapMark } from '../protocol/scraps.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import { errnoOf } from '../worker/raw-fs.ts';
import { FencedError } from '../protocol/fenced-error.ts';
import { newNonce } from './nonce.ts';
import type { Staging } from './staging.ts';

const HOLDER = 'holder' as RawPath;
/** A lock can be released between two looks at it; more often than this it is somebody else's again. */
const TRIES = 5;

/** The lock of a final name, ours. */
export interface HeldLock {
  /** Right before something is moved. @throws TransportError when somebody has taken it from us, or a later claim of the job was here */
  confirm(): Promise<void>;
  release(): Promise<void>;
  /** The call that took it ends without releasing it: a later call of the same claim may break it. */
  abandon(): void;
}

export type LockOutcome =
  | { readonly kind: 'held'; readonly lock: HeldLock }
  | { readonly kind: 'locked'; readonly holder: string; readonly evidence: string }
  | { readonly kind: 'fenced'; readonly evidence: string };

/** Locks that this process holds now: one of the same claim that is not among them was left by a call that has ended. */
const heldHere = new Set<string>();

/** Takes the lock of the placement's final name; a stale one of this job's earlier claim is broken (PROTOCOL.md, "The lock"). */
export async function takeLock(staging: Staging): Promise<LockOutcome> {
  const path = lockPath(staging.placement.finalName);
  for (let tries = 0; ; tries += 1) {
    const lock = await tryLock(staging, path);
    if (lock !== null) return { kind: 'held', lock };
    const holder = await readHolder(staging, path);
    if (holder === 'free') continue;
    if (tries >= TRIES || !isStale(holder, staging)) return locked(holder);
    const fence = await staging.fence();
    if (fence !== null) return fence;
    await removeLock(staging, path);
  }
}

/** Releases the lock of a final name if it is this job's, whichever claim took it: for a job that is given up. */
export async function releaseOwnLock(staging: Staging): Promise<void> {
  const path = lockPath(staging.placement.finalName);
  const holder = await readHolder(staging, path);
  if (holder !== 'free' && isStale(holder, staging)) await removeLock(staging, path);
}

async function tryLock(staging: Staging, path: RawPath): Promise<HeldLock | null> {
  const { folder, placement, hostName } = staging;
  const nonce = newNonce();
  const passing = passingPath('new', newScrapMark());
  await folder.makeFolder(passing);
  const text = printLockHolder({ host: placement.hostId, job: placement.jobId, epoch: placement.epoch, nonce, name: hostName });
  await folder.writeFile(joinRaw(passing, HOLDER), Buffer.from(text));
  heldHere.add(nonce);
  try {
    await folder.move(passing, path);
    return heldLock(staging, { path, nonce });
  } catch (error) {
    heldHere.delete(nonce);
    await removePassing(staging, passing);
    // A lock is a folder that is never empty: renaming onto it cannot succeed.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error))) throw error;
    return null;
  }
}

function heldLock(staging: Staging, { path, nonce }: { readonly path: RawPath; readonly nonce: string }): HeldLock {
  const isOurs = async (): Promise<boolean> => {
    const holder = await readHolder(staging, path);
    return holder !== 'free' && holder?.nonce === nonce;
  };
  return {
    confirm: async () => {
      if (!(await isOurs())) throw new FencedError(`the lock of the final name was taken from job ${staging.placement.jobId}, epoch ${staging.placement.epoch}`);
      const fence = await staging.fence();
      if (fence !== null) throw new FencedError(fence.evidence);
    },
    release: async () => {
      if (await isOurs()) await removeLock(staging, path);
      heldHere.delete(nonce);
    },
    abandon: () => heldHere.delete(nonce),
  };
}

/** null: somebody's, but it does not say whose. */
async function readHolder({ folder }: Staging, path: RawPath): Promise<LockHolder | null | 'free'> {
  const file = joinRaw(path, HOLDER);
  // Twice: between the two looks it may have been released and taken by another.
  const text = (await folder.read(file)) ?? ((await folder.entry(path)) === null ? 'free' : await folder.read(file));
  return text === 'free' || text === null ? text : parseLockHolder(text.toString('latin1'));
}

function isStale(holder: LockHolder | null, { placement }: Staging): boolean {
  if (holder?.host !== placement.hostId || holder.job !== placement.jobId) return false;
  return holder.epoch < placement.epoch || (holder.epoch === placement.epoch && !heldHere.has(holder.nonce));
}

function locked(holder: LockHolder | null): LockOutcome {
  if (holder === null) return { kind: 'locked', holder: 'unknown', evidence: 'the final name is locked, and the lock does not say by whom' };
  const { host, job, epoch, name } = holder;
  return { kind: 'locked', holder: `${name} (${host})`, evidence: `the final name is locked by job ${job}, epoch ${epoch}, of ${name} (${host})` };
}

async function removeLock(staging: Staging, path: RawPath): Promise<void> {
  const gone = passingPath('gone', newScrapMark());
  if (await staging.folder.moveIfThere(path, gone)) await removePassing(staging, gone);
}

async function removePassing({ folder, pool }: Staging, path: RawPath): Promise<void> {
  await pool.run({ kind: 'remove', paths: [folder.absolute(path)] });
}
