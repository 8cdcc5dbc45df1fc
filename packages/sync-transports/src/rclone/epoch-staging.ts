import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { StagingLayout } from '../protocol/layout.ts';
import { keptName } from '../protocol/kept-name.ts';
import { SPENT, stagingLayout } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw, rawBase } from '../raw-path.ts';
import type { Placement } from '../transport.ts';
import { clearResult } from './clear-result.ts';
import { newNonce } from './nonce.ts';
import { inspectInPlace } from './in-place.ts';
import type { HeldFlag, FlagOutcome } from './publish-flag.ts';
import { raiseFlag } from './publish-flag.ts';
import type { RemoteFolder, RemoteItem, RemoteTree } from './remote-folder.ts';

/** A claim's answer. */
export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly tree: 'present' | 'absent'; readonly listed: RemoteTree | null; readonly names: readonly RawPath[] | null }
  | { readonly kind: 'conflict'; readonly evidence: string }
  | Exclude<FlagOutcome, { kind: 'held' }>;

/** What a claim does on its way. */
export interface ClaimOptions {
  readonly tree?: 'list' | 'skip';
  readonly times?: 'ask' | 'skip';
  readonly signal?: AbortSignal | undefined;
}

interface Listed {
  readonly names: readonly RawPath[];
  readonly tree: RemoteTree | null;
}

/** Claims whose marker calls of this process have written. */
const claimedHere = new Set<string>();

type Fence = { readonly kind: 'fenced'; readonly evidence: string };

/** One job's staging folder at a remote (PROTOCOL.md). */
export class EpochStaging {
  readonly folder: RemoteFolder;
  readonly placement: Placement;
  readonly layout: StagingLayout;
  readonly hostName: string;

  constructor({ folder, placement, hostName }: Pick<EpochStaging, 'folder' | 'placement' | 'hostName'>) {
    this.folder = folder;
    this.placement = placement;
    this.hostName = hostName;
    this.layout = stagingLayout(placement.jobId);
  }

  /** Where the sealed tree is made: in staging, or in its final place where nothing can be moved there. */
  get tree(): RawPath {
    return this.folder.facts.publishes === 'by-moving' ? this.layout.tree : this.placement.finalName;
  }

  /** The first thing of a push and of a publish. `tree: 'list'`: the staged tree is listed on the way, where there is one in staging. */
  async claim(options: ClaimOptions = {}): Promise<ClaimOutcome> {
    const marker = rawBase(this.layout.epochMarker(this.placement.epoch));
    // Written by an earlier call of this claim, as a rule: then what is listed now is listed after it.
    const found = claimedHere.has(this.#key) ? await this.#list(options) : null;
    if (found?.names.includes(marker) === true) return this.#claimed(found);
    await this.folder.write(joinRaw(this.layout.job, marker), `${this.placement.hostId}\n`);
    claimedHere.add(this.#key);
    return this.#claimed(await this.#list(options));
  }

  /** Like {@link claim}, where there is something of this job at all; null where there is not. Nothing is created then. */
  async claimExisting(options: ClaimOptions = {}): Promise<ClaimOutcome | null> {
    const found = await this.#list(options);
    if (found.names.length === 0) return null;
    return found.names.includes(rawBase(this.layout.epochMarker(this.placement.epoch))) ? this.#claimed(found) : this.claim(options);
  }

  /** null while no later claim has been here. */
  async fence(): Promise<Fence | null> {
    return this.#fence((await this.#list({})).names);
  }

  async raiseFlag(): Promise<FlagOutcome> {
    return raiseFlag(this);
  }

  /** All of the staging folder. Returns where things of others are kept that lay in an earlier result. */
  async removeJob(): Promise<readonly RawPath[]> {
    const kept = await this.clearSpent();
    await this.folder.removeFolder(this.layout.job);
    return kept;
  }

  /** A result that another has replaced: it leaves the swap folder before anything of it is deleted, half of it must never be put back. */
  async spend(old: RawPath): Promise<void> {
    await this.folder.moveIfThere(old, this.layout.spent(newNonce()));
  }

  /** Deletes of the results that were replaced what their own inventories name. What else lies in them is kept beside the new result; returns where. */
  async clearSpent(): Promise<readonly RawPath[]> {
    const { folder, layout, placement } = this;
    if (folder.facts.publishes === 'in-place') return [];
    const kept: RawPath[] = [];
    for (const name of (await folder.list(layout.job, { depth: 'one' }))?.keys() ?? []) {
      if (!name.startsWith(SPENT)) continue;
      const spent = joinRaw(layout.job, name);
      if ((await clearResult(folder, spent)) === 'gone') continue;
      let place = keptName(placement.finalName);
      for (let number = 2; (await folder.entry(place)) !== null; number += 1) place = keptName(placement.finalName, { number });
      await folder.move(spent, place);
      kept.push(place);
    }
    return kept;
  }

  /** Undoes what a publish has moved, or ends one that was over but for its cleaning. The flag is held by the caller. */
  async undoSwap(flag: HeldFlag): Promise<{ readonly kind: 'conflict'; readonly evidence: string } | null> {
    const { folder, layout, placement } = this;
    const swap = layout.swap(placement.epoch);
    const [old, tree] = [joinRaw(swap, 'old' as RawPath), joinRaw(swap, 'tree' as RawPath)];
    await flag.confirm();
    const left = new Set((await folder.list(swap, { depth: 'one' }))?.keys());
    if (left.has('old' as RawPath)) {
      const inPlace = await inspectInPlace(folder, placement.finalName);
      if (inPlace.kind === 'none') await folder.move(old, placement.finalName);
      else if (inPlace.kind !== 'receipt' || inPlace.receipt.hostId !== placement.hostId || inPlace.receipt.jobId !== placement.jobId) {
        return { kind: 'conflict', evidence: `something else was put at the final name while it was replaced; the earlier result is kept in ${displayPath(old)}` };
      } else await this.spend(old);
    }
    if (left.has('tree' as RawPath)) {
      if ((await folder.entry(layout.tree)) !== null) {
        throw new TransportError(`two trees in the staging of job ${placement.jobId}`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Look into the staging folder; longhaul sync cancel removes it' });
      }
      await folder.move(tree, layout.tree);
    }
    await this.discard(swap);
    return null;
  }

  /** Moves a folder aside before it is deleted: half of it must never be put back. */
  async discard(path: RawPath): Promise<void> {
    const trash = this.layout.trash(newNonce());
    if (await this.folder.moveIfThere(path, trash)) await this.folder.removeFolder(trash);
  }

  async #list({ tree = 'skip', times = 'skip', signal }: ClaimOptions): Promise<Listed> {
    const whole = tree === 'list' && this.folder.facts.publishes === 'by-moving';
    const found = (await this.folder.list(this.layout.job, { depth: whole ? 'all' : 'one', times, signal })) ?? new Map<RawPath, RemoteItem>();
    const names = [...found.keys()].filter((path) => !path.includes('/'));
    if (!whole) return { names, tree: null };
    return { names, tree: new Map([...found].flatMap(([path, item]) => (path.startsWith('tree/') ? [[path.slice('tree/'.length) as RawPath, item] as const] : []))) };
  }

  async #claimed({ names, tree }: Listed): Promise<ClaimOutcome> {
    const fence = await this.#fence(names);
    if (fence !== null) return fence;
    const swap = numbered(names, 'swap')[0];
    if (swap === undefined) return { kind: 'claimed', tree: names.includes('tree' as RawPath) ? 'present' : 'absent', listed: tree, names };
    const undone = await this.#undo(swap);
    if (undone !== null) return undone;
    return { kind: 'claimed', tree: (await this.folder.entry(this.layout.tree)) !== null ? 'present' : 'absent', listed: null, names: null };
  }

  get #key(): string {
    const { jobId, epoch } = this.placement;
    return JSON.stringify([this.folder.program.destination.remote, jobId, epoch]);
  }

  async #fence(names: readonly RawPath[]): Promise<Fence | null> {
    const { epoch, jobId } = this.placement;
    const others = numbered(names, 'epoch');
    const later = others.find((other) => other > epoch);
    if (later !== undefined) return { kind: 'fenced', evidence: `job ${jobId} has been claimed again: epoch ${String(later)} is in its staging folder, this is ${String(epoch)}` };
    const earlier = others.filter((other) => other < epoch).map((other) => rawBase(this.layout.epochMarker(other)));
    await this.folder.removeFiles(this.layout.job, earlier);
    return null;
  }

  async #undo(left: number): Promise<Exclude<ClaimOutcome, { kind: 'claimed' }> | null> {
    const raised = await this.raiseFlag();
    if (raised.kind !== 'held') return raised;
    try {
      const { epoch } = this.placement;
      // From here on every move of the earlier claim fails: all of them go through its own folder.
      if (left !== epoch) await this.folder.move(this.layout.swap(left), this.layout.swap(epoch));
      return await this.undoSwap(raised.flag);
    } finally {
      await raised.flag.lower();
    }
  }
}


function numbered(names: readonly RawPath[], prefix: string): readonly number[] {
  return names.flatMap((name) => {
    const digits = name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : '';
    return /^\d+$/.test(digits) ? [Number(digits)] : [];
  });
}
