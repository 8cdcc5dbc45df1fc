import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { StagingLayout } from '../protocol/layout.ts';
import { keptName } from '../protocol/kept-name.ts';
import { INCOMING, LOCKS, SPENT, stagingLayout } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw } from '../raw-path.ts';
import type { Placement } from '../transport.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { DestinationFolder } from './destination-folder.ts';
import { inspectInPlace } from './in-place.ts';
import { newNonce } from './nonce.ts';
import type { HeldLock, LockOutcome } from './publish-lock.ts';
import { takeLock } from './publish-lock.ts';
import { sweepScraps } from './sweep-scraps.ts';

/** A claim's answer. After `claimed` an earlier publish is either whole or undone (PROTOCOL.md, "Fencing"). */
export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly tree: 'present' | 'absent' }
  | { readonly kind: 'conflict'; readonly evidence: string }
  | Exclude<LockOutcome, { kind: 'held' }>;

/** One job's staging folder at a local destination. */
export class Staging {
  readonly folder: DestinationFolder;
  readonly placement: Placement;
  readonly layout: StagingLayout;
  readonly hostName: string;
  readonly pool: WorkerPool;

  constructor({ folder, placement, hostName, pool }: Pick<Staging, 'folder' | 'placement' | 'hostName' | 'pool'>) {
    this.folder = folder;
    this.placement = placement;
    this.hostName = hostName;
    this.pool = pool;
    this.layout = stagingLayout(placement.jobId);
  }

  /** Whether there is a folder for this job at all. */
  async exists(): Promise<boolean> {
    return (await this.folder.entry(this.layout.job)) !== null;
  }

  /** The first thing of every call that touches staging. */
  async claim(): Promise<ClaimOutcome> {
    const { folder, layout, placement } = this;
    for (const path of [INCOMING, LOCKS, layout.job]) await folder.makeFolder(path);
    await folder.makeEmptyFile(layout.epochMarker(placement.epoch));
    const fence = await this.fence();
    if (fence !== null) return fence;
    const swap = await this.#leftSwap();
    const undone = swap === null ? null : await this.#undo(swap);
    if (undone !== null) return undone;
    await sweepScraps(this);
    return { kind: 'claimed', tree: (await folder.entry(layout.tree)) === null ? 'absent' : 'present' };
  }

  /** null while no later claim has been here; markers of earlier ones are deleted. */
  async fence(): Promise<{ readonly kind: 'fenced'; readonly evidence: string } | null> {
    const { epoch, jobId } = this.placement;
    const others = numbered(await this.folder.names(this.layout.job), 'epoch');
    const later = others.find((other) => other > epoch);
    if (later !== undefined) return { kind: 'fenced', evidence: `job ${jobId} has been claimed again: epoch ${later} is in its staging folder, this is ${epoch}` };
    await Promise.all(others.filter((other) => other < epoch).map((other) => this.folder.removeFile(this.layout.epochMarker(other))));
    return null;
  }

  /** Moves something aside at once and deletes it then; what is moved is never read again. */
  async discard(...paths: readonly RawPath[]): Promise<void> {
    const trash: string[] = [];
    for (const path of paths) {
      const aside = this.layout.trash(newNonce());
      if (await this.folder.moveIfThere(path, aside)) trash.push(this.folder.absolute(aside));
    }
    if (trash.length > 0) await this.pool.run({ kind: 'remove', paths: trash });
  }

  /** Deletes all of the staging folder. Returns where things of others are kept that lay in an earlier result. */
  async removeJob(): Promise<readonly RawPath[]> {
    const kept = await this.clearSpent();
    await this.pool.run({ kind: 'remove', paths: [this.folder.absolute(this.layout.job)] });
    return kept;
  }

  /** A result that another has replaced: it leaves the swap folder before anything of it is deleted, half of it must never be put back. */
  async spend(old: RawPath): Promise<void> {
    await this.folder.moveIfThere(old, this.layout.spent(newNonce()));
  }

  /** Deletes of the results that were replaced what their own inventories name. What else lies in them is kept beside the new result; returns where. */
  async clearSpent(): Promise<readonly RawPath[]> {
    const { folder, layout, placement, pool } = this;
    const kept: RawPath[] = [];
    for (const name of (await folder.names(layout.job)) ?? []) {
      if (!name.startsWith(SPENT)) continue;
      const spent = joinRaw(layout.job, name);
      const { root } = await pool.run({ kind: 'clear', root: folder.absolute(spent) });
      if (root === 'gone') continue;
      let place = keptName(placement.finalName);
      for (let number = 2; (await folder.entry(place)) !== null; number += 1) place = keptName(placement.finalName, { number });
      if (await folder.moveIfThere(spent, place)) kept.push(place);
    }
    return kept;
  }

  async lock(): Promise<LockOutcome> {
    return takeLock(this);
  }

  async #leftSwap(): Promise<number | null> {
    return numbered(await this.folder.names(this.layout.job), 'swap')[0] ?? null;
  }

  async #undo(left: number): Promise<Exclude<ClaimOutcome, { kind: 'claimed' }> | null> {
    const taken = await this.lock();
    if (taken.kind !== 'held') return taken;
    try {
      if (left !== this.placement.epoch) await this.folder.move(this.layout.swap(left), this.layout.swap(this.placement.epoch));
      return await this.undoSwap(taken.lock);
    } finally {
      await taken.lock.release();
    }
  }

  /** Undoes what a publish has moved, or ends one that was over but for its cleaning. The lock is held by the caller. */
  async undoSwap(lock: HeldLock): Promise<{ readonly kind: 'conflict'; readonly evidence: string } | null> {
    const { folder, layout, placement } = this;
    const swap = layout.swap(placement.epoch);
    const [old, tree] = [joinRaw(swap, 'old' as RawPath), joinRaw(swap, 'tree' as RawPath)];
    await lock.confirm();
    if ((await folder.entry(old)) !== null) {
      const inPlace = await inspectInPlace(folder, placement.finalName);
      if (inPlace.kind === 'none') await folder.move(old, placement.finalName);
      else if (inPlace.kind !== 'receipt' || inPlace.receipt.hostId !== placement.hostId || inPlace.receipt.jobId !== placement.jobId) {
        return { kind: 'conflict', evidence: `something else was put at the final name while it was replaced; the earlier result is kept in ${displayPath(old)}` };
      } else await this.spend(old);
    }
    if ((await folder.entry(tree)) !== null) {
      if ((await folder.entry(layout.tree)) !== null) throw new TransportError(`two trees in the staging of job ${placement.jobId}`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Look into the staging folder; longhaul sync cancel removes it' });
      await folder.move(tree, layout.tree);
    }
    await this.discard(swap);
    return null;
  }
}

function numbered(names: readonly RawPath[] | null, prefix: string): readonly number[] {
  return (names ?? []).flatMap((name) => {
    const digits = name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : '';
    return /^\d+$/.test(digits) ? [Number(digits)] : [];
  });
}
