import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { chained } from '../chain/chained.ts';
import { printReceipt } from '../manifest/receipt-codec.ts';
import { judgeInPlace } from '../protocol/judge-in-place.ts';
import { keptText, publishedWith } from '../protocol/kept-name.ts';
import { METADATA, RECEIPT_PATH } from '../protocol/layout.ts';
import { metadataFiles } from '../protocol/metadata-files.ts';
import type { AfterPublishStep, PublishStep, StepResult } from '../protocol/publish-steps.ts';
import { ABORTABLE, NEXT, takePublishSteps } from '../protocol/publish-steps.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw, rawParent } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import type { PublishOutcome, PublishRequest } from '../transport.ts';
import { destinationError } from './local-failure.ts';
import { inspectInPlace, parentObstacle, parentsOf } from './in-place.ts';
import type { HeldLock } from './publish-lock.ts';
import type { Staging } from './staging.ts';
import { addLink, receiptHead } from './receipts.ts';
import { syncTreeToDisk } from './sync-folder-tree.ts';

/** So many times somebody else may have taken the next link. */
const LINK_TRIES = 50;

/** One call of publish. */
export class PublishRun {
  readonly #staging: Staging;
  readonly #request: PublishRequest;
  #tree: 'present' | 'absent' = 'absent';
  #lock: HeldLock | null = null;
  #moved = false;
  #receipt: Receipt;

  constructor(staging: Staging, request: PublishRequest) {
    this.#staging = staging;
    this.#request = request;
    this.#receipt = request.receipt;
  }

  async run(afterStep?: AfterPublishStep): Promise<PublishOutcome> {
    return takePublishSteps({ step: async (step) => this.#step(step), giveUp: async () => this.#giveUp(), abandon: () => this.#lock?.abandon() }, afterStep);
  }

  async #step(step: PublishStep): Promise<StepResult> {
    if (ABORTABLE.includes(step)) this.#request.signal?.throwIfAborted();
    switch (step) {
      case 'claim':
        return this.#claim();
      case 'metadata':
        return this.#metadata();
      case 'lock':
        return this.#takeLock();
      case 'judge':
        return this.#judge();
      case 'parents':
        return this.#parents();
      case 'announce':
        return this.#announce();
      case 'stage-in':
        return this.#stageIn();
      case 'old-aside':
        return this.#oldAside();
      case 'reveal':
        return this.#reveal();
      case 'unlock':
        return this.#unlock();
      case 'sweep':
        return this.#sweep();
    }
  }

  async #claim(): Promise<StepResult> {
    const claim = await this.#staging.claim();
    if (claim.kind === 'conflict') return { ...claim, holder: null };
    if (claim.kind !== 'claimed') return claim;
    this.#tree = claim.tree;
    return NEXT;
  }

  async #metadata(): Promise<StepResult> {
    if (this.#tree === 'absent') return NEXT;
    const { folder, layout, pool } = this.#staging;
    const { seal, signal } = this.#request;
    const place = joinRaw(layout.tree, METADATA);
    await folder.makeFolder(place);
    await this.#takeLink();
    for (const { name, content } of metadataFiles(seal, this.#receipt)) await folder.writeFile(joinRaw(place, name as RawPath), content);
    await syncTreeToDisk(pool, { root: folder.absolute(layout.tree), fileSystem: folder.shown, entries: seal.entries.length, signal });
    return NEXT;
  }

  async #takeLock(): Promise<StepResult> {
    const taken = await this.#staging.lock();
    if (taken.kind !== 'held') return taken;
    this.#lock = taken.lock;
    return NEXT;
  }

  async #judge(): Promise<StepResult> {
    const { folder, placement } = this.#staging;
    const { receipt } = this.#request;
    const obstacle = await parentObstacle(folder, placement.finalName);
    if (obstacle !== null) return { kind: 'conflict', holder: null, evidence: `nothing can be put at ${displayPath(placement.finalName)}: ${obstacle}` };
    const inPlace = await inspectInPlace(folder, placement.finalName);
    const judgement = judgeInPlace(inPlace, { ...receipt, staging: this.#tree === 'present' ? 'tree' : 'none' });
    if (judgement.kind === 'published') return { kind: 'skip-to', step: 'unlock' };
    if (judgement.kind !== 'proceed') return judgement;
    if (this.#tree === 'present') return NEXT;
    throw new TransportError(`nothing is staged for job ${placement.jobId}`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Push it again (longhaul sync retry)' });
  }

  async #parents(): Promise<StepResult> {
    const { folder, placement } = this.#staging;
    for (const parent of parentsOf(placement.finalName)) await folder.makeFolder(parent);
    await this.#assertOneDevice();
    return NEXT;
  }

  /** Intent before effect: the chain holds the receipt before the result takes its name. */
  async #announce(): Promise<StepResult> {
    const { folder, layout } = this.#staging;
    for (let tries = 1; !(await addLink(this.#staging, this.#receipt)); tries += 1) {
      if (tries >= LINK_TRIES) throw new TransportError('other results were published again and again in the same moment', { errorKind: TransportErrorKind.NETWORK, hint: 'It is tried again by itself' });
      await this.#takeLink();
      await folder.writeFile(joinRaw(layout.tree, RECEIPT_PATH), Buffer.from(printReceipt(this.#receipt)));
    }
    return NEXT;
  }

  async #takeLink(): Promise<void> {
    const { folder, placement } = this.#staging;
    this.#receipt = chained(this.#request.receipt, await receiptHead(folder), placement.finalName);
  }

  async #stageIn(): Promise<StepResult> {
    const { folder, layout } = this.#staging;
    await this.#held().confirm();
    this.#moved = true;
    await folder.makeFolder(this.#swap());
    await folder.move(layout.tree, this.#swap('tree'));
    return NEXT;
  }

  async #oldAside(): Promise<StepResult> {
    await this.#held().confirm();
    await this.#staging.folder.moveIfThere(this.#staging.placement.finalName, this.#swap('old'));
    return NEXT;
  }

  async #reveal(): Promise<StepResult> {
    const { folder, placement } = this.#staging;
    await this.#held().confirm();
    if ((await folder.entry(placement.finalName)) !== null) {
      return { kind: 'conflict', holder: null, evidence: 'something was put at the final name in the very moment it was free' };
    }
    await folder.move(this.#swap('tree'), placement.finalName);
    if ((await folder.entry(joinRaw(placement.finalName, RECEIPT_PATH))) === null) {
      throw new TransportError(`${displayPath(placement.finalName)} was published without its receipt`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Look at the final name: another program works there' });
    }
    for (const parent of ['' as RawPath, ...parentsOf(placement.finalName)]) await folder.syncFolder(parent);
    return NEXT;
  }

  async #unlock(): Promise<StepResult> {
    await this.#held().release();
    this.#lock = null;
    return NEXT;
  }

  /** The result is published whatever happens here; what cannot be deleted is told, not hidden. */
  async #sweep(): Promise<StepResult> {
    const kept: RawPath[] = [];
    try {
      await this.#staging.spend(this.#swap('old'));
      await this.#staging.discard(this.#swap());
      kept.push(...(await this.#staging.clearSpent()));
      // A later claim may have staged something again meanwhile, for a repair: the folder is its own then.
      if ((await this.#staging.fence()) === null) kept.push(...(await this.#staging.removeJob()));
    } catch (error) {
      return publishedWith([keptText(kept), destinationError('deleting the staging folder', error).message]);
    }
    return publishedWith([keptText(kept)]);
  }

  /** Best effort: whatever is left is mended by the next claim. The failure that led here is the one to report. */
  async #giveUp(): Promise<void> {
    const lock = this.#lock;
    if (lock === null) return;
    try {
      if (this.#moved) await this.#staging.undoSwap(lock);
      await lock.release();
    } catch {
      lock.abandon();
    }
  }

  async #assertOneDevice(): Promise<void> {
    const { folder, layout, placement } = this.#staging;
    const [staged, parent] = [await folder.entry(layout.job), await folder.entry(rawParent(placement.finalName))];
    if (staged?.dev === parent?.dev) return;
    throw new TransportError(`${displayPath(placement.finalName)} lies on another file system than the destination's folder`, {
      errorKind: TransportErrorKind.CONFIG,
      hint: 'Make that file system a destination of its own',
    });
  }

  #held(): HeldLock {
    if (this.#lock === null) throw new TransportError('publish without its lock', { errorKind: TransportErrorKind.UNKNOWN });
    return this.#lock;
  }

  #swap(name?: 'tree' | 'old'): RawPath {
    const swap = this.#staging.layout.swap(this.#staging.placement.epoch);
    return name === undefined ? swap : joinRaw(swap, name as RawPath);
  }
}
