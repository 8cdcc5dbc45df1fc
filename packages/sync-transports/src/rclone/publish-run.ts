import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { judgeInPlace } from '../protocol/judge-in-place.ts';
import { keptText, publishedWith } from '../protocol/kept-name.ts';
import { METADATA, RECEIPT_PATH } from '../protocol/layout.ts';
import { metadataFiles } from '../protocol/metadata-files.ts';
import type { AfterPublishStep, PublishStep, StepResult } from '../protocol/publish-steps.ts';
import { ABORTABLE, NEXT, takePublishSteps } from '../protocol/publish-steps.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw } from '../raw-path.ts';
import type { PublishOutcome, PublishRequest } from '../transport.ts';
import type { EpochStaging } from './epoch-staging.ts';
import { inspectInPlace, parentObstacle } from './in-place.ts';
import type { HeldFlag } from './publish-flag.ts';

/** One call of publish where folders can be moved: the steps of PROTOCOL.md, each a call or two of rclone. */
export class PublishRun {
  readonly #staging: EpochStaging;
  readonly #request: PublishRequest;
  #tree: 'present' | 'absent' = 'absent';
  #flag: HeldFlag | null = null;
  #moved = false;
  #hasOld = false;

  constructor(staging: EpochStaging, request: PublishRequest) {
    this.#staging = staging;
    this.#request = request;
  }

  async run(afterStep?: AfterPublishStep): Promise<PublishOutcome> {
    return takePublishSteps({ step: async (step) => this.#step(step), giveUp: async () => this.#giveUp(), abandon: () => this.#flag?.abandon() }, afterStep);
  }

  async #step(step: PublishStep): Promise<StepResult> {
    if (ABORTABLE.includes(step) && this.#request.signal?.aborted === true) throw new TransportError('publishing was interrupted', { errorKind: TransportErrorKind.INTERRUPTED });
    switch (step) {
      case 'claim':
        return this.#claim();
      case 'metadata':
        return this.#metadata();
      case 'lock':
        return this.#raiseFlag();
      case 'judge':
        return this.#judge();
      case 'parents':
        // A move makes the folders above its goal, at every remote.
        return NEXT;
      case 'announce':
        // Links of a chain are made exclusively; rclone has no such step that every remote knows.
        return NEXT;
      case 'stage-in':
        return this.#stageIn();
      case 'old-aside':
        return this.#oldAside();
      case 'reveal':
        return this.#reveal();
      case 'unlock':
        return this.#lowerFlag();
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

  /** Nobody sees staging: the order in which these come there is of no matter. */
  async #metadata(): Promise<StepResult> {
    if (this.#tree === 'absent') return NEXT;
    const { seal, receipt } = this.#request;
    const files = metadataFiles(seal, receipt).map(({ name, content }) => ({ path: name as RawPath, content }));
    await this.#staging.folder.writeAll(joinRaw(this.#staging.layout.tree, METADATA), { files, signal: this.#request.signal });
    return NEXT;
  }

  async #raiseFlag(): Promise<StepResult> {
    const raised = await this.#staging.raiseFlag();
    if (raised.kind !== 'held') return raised;
    this.#flag = raised.flag;
    return NEXT;
  }

  async #judge(): Promise<StepResult> {
    const { folder, placement } = this.#staging;
    const [obstacle, inPlace] = await Promise.all([parentObstacle(folder, placement.finalName), inspectInPlace(folder, placement.finalName)]);
    if (obstacle !== null) return { kind: 'conflict', holder: null, evidence: `nothing can be put at ${displayPath(placement.finalName)}: ${obstacle}` };
    const judgement = judgeInPlace(inPlace, { ...this.#request.receipt, staging: this.#tree === 'present' ? 'tree' : 'none' });
    if (judgement.kind === 'published') return { kind: 'skip-to', step: 'unlock' };
    if (judgement.kind !== 'proceed') return judgement;
    if (this.#tree === 'absent') throw nothingStaged(placement.jobId);
    this.#hasOld = inPlace.kind !== 'none';
    return NEXT;
  }

  async #stageIn(): Promise<StepResult> {
    await this.#held().confirm();
    this.#moved = true;
    await this.#staging.folder.move(this.#staging.layout.tree, this.#swap('tree'));
    return NEXT;
  }

  async #oldAside(): Promise<StepResult> {
    if (!this.#hasOld) return NEXT;
    await this.#held().confirm();
    await this.#staging.folder.move(this.#staging.placement.finalName, this.#swap('old'));
    return NEXT;
  }

  async #reveal(): Promise<StepResult> {
    const { folder, placement } = this.#staging;
    // rclone merges into a folder that exists: look first, and look afterwards.
    const [, inTheWay] = await Promise.all([this.#held().confirm(), folder.entry(placement.finalName)]);
    if (inTheWay !== null) return { kind: 'conflict', holder: null, evidence: 'something was put at the final name in the very moment it was free' };
    await folder.move(this.#swap('tree'), placement.finalName);
    if ((await folder.entry(joinRaw(placement.finalName, RECEIPT_PATH))) === null) {
      throw new TransportError(`${displayPath(placement.finalName)} was published without its receipt`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Look at the final name: another program works there' });
    }
    return NEXT;
  }

  async #lowerFlag(): Promise<StepResult> {
    await this.#held().lower();
    this.#flag = null;
    return NEXT;
  }

  /** The result is published whatever happens here; what cannot be deleted is told, not hidden. */
  async #sweep(): Promise<StepResult> {
    const kept: RawPath[] = [];
    try {
      if (this.#hasOld) {
        await this.#staging.spend(this.#swap('old'));
        await this.#staging.discard(this.#swap());
        kept.push(...(await this.#staging.clearSpent()));
      }
      // A later claim may have staged something again meanwhile, for a repair: the folder is its own then.
      if ((await this.#staging.fence()) === null) kept.push(...(await this.#staging.removeJob()));
    } catch (error) {
      return publishedWith([keptText(kept), error instanceof Error ? error.message : String(error)]);
    }
    return publishedWith([keptText(kept)]);
  }

  /** Best effort: whatever is left is mended by the next claim. The failure that led here is the one to report. */
  async #giveUp(): Promise<void> {
    const flag = this.#flag;
    if (flag === null) return;
    try {
      if (this.#moved) await this.#staging.undoSwap(flag);
      await flag.lower();
    } catch {
      flag.abandon();
    }
  }

  #held(): HeldFlag {
    if (this.#flag === null) throw new TransportError('publish without its lock', { errorKind: TransportErrorKind.UNKNOWN });
    return this.#flag;
  }

  #swap(name?: 'tree' | 'old'): RawPath {
    const swap = this.#staging.layout.swap(this.#staging.placement.epoch);
    return name === undefined ? swap : joinRaw(swap, name as RawPath);
  }
}

export function nothingStaged(jobId: string): TransportError {
  return new TransportError(`nothing of job ${jobId} is staged`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Push it first' });
}
