import { hostname } from 'node:os';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import { parseFinalName } from '../final-name.ts';
import type { AfterPublishStep } from '../protocol/publish-steps.ts';
import { assertPlacement } from '../protocol/identifiers.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import type { Seal } from '../seal.ts';
import type { HashsumRequest, Placement, ProbeOptions, ProbeReport, PublishOutcome, PublishRequest, PushRequest, RemoteManifest, Transport, TransportResult } from '../transport.ts';
import { checkNames } from './check-names.ts';
import type { ClaimOutcome } from './epoch-staging.ts';
import { EpochStaging } from './epoch-staging.ts';
import { FencedError } from '../protocol/fenced-error.ts';
import { hashsum } from './hashsum.ts';
import { inspectInPlace } from './in-place.ts';
import { publishInPlace, removeInPlace } from './make-in-place.ts';
import { probe } from './probe.ts';
import { prune, pruneInPlace } from './prune.ts';
import { lowerOwnFlags } from './publish-flag.ts';
import { PublishRun } from './publish-run.ts';
import { failedPush, push } from './push.ts';
import type { RcloneDestination } from './rclone-destination.ts';
import { parseRcloneDestination } from './rclone-destination.ts';
import { RcloneProgram } from './rclone-program.ts';
import { readRemoteFacts } from './remote-facts.ts';
import { RemoteFolder } from './remote-folder.ts';
import { readUnfinished } from './unfinished.ts';

/** Options of {@link RcloneTransport}. */
export interface RcloneTransportOptions extends RcloneDestination {
  /** How programs are run. Default: as programs of this machine. */
  readonly runner?: ProcessRunner;
  /** For people who meet a lock of ours. Default: this machine's name. */
  readonly hostName?: string;
  /** For tests of crashes: called after each step of a publish that moves folders; what it throws ends the publish there and then, as a kill would. */
  readonly afterPublishStep?: AfterPublishStep;
}

/**
 * Pushes to any remote of rclone's own configuration (design §5.2). Where the remote moves folders, a result is staged, proven and moved to its name; where it
 * does not (bucket stores), it is made in place and its receipt comes last. Modes, hard links and holes are not kept; symlinks are written as rclone writes
 * them (`NAME.rclonelink`). Needs rclone 1.60 or newer.
 */
export class RcloneTransport implements Transport {
  readonly kind = 'rclone';
  readonly #program: RcloneProgram;
  readonly #hostName: string;
  readonly #afterPublishStep: AfterPublishStep | undefined;
  #folder: Promise<RemoteFolder> | null = null;

  /** @throws ConfigError for a remote that cannot be used */
  constructor({ runner = systemRunner(), hostName = hostname(), afterPublishStep, ...destination }: RcloneTransportOptions) {
    this.#program = new RcloneProgram(parseRcloneDestination(destination), runner);
    this.#hostName = hostName;
    this.#afterPublishStep = afterPublishStep;
  }

  async probe(options: ProbeOptions = {}): Promise<ProbeReport> {
    return probe(this.#program, options);
  }

  async checkNames(seal: Seal): Promise<void> {
    await checkNames(await this.#open(), seal);
  }

  async push(request: PushRequest): Promise<TransportResult> {
    try {
      return await push(await this.#staging(request.placement), request);
    } catch (error) {
      return failedPush(error, request.signal);
    }
  }

  async hashsum(request: HashsumRequest): Promise<RemoteManifest> {
    const staging = await this.#staging(request.placement);
    const { folder, placement } = staging;
    assertGoing('hashing', request.signal);
    if (request.where === 'final') return hashsum(folder, { tree: placement.finalName, request });
    const claim = await staging.claimExisting({ tree: 'list', signal: request.signal });
    if (claim === null) return { strength: 'size', entries: new Map() };
    const { listed } = assertClaimed(claim);
    if (folder.facts.publishes === 'in-place' && !(await isMakingIt(staging))) return { strength: 'size', entries: new Map() };
    return hashsum(folder, { tree: staging.tree, listed, request });
  }

  async prune({ placement, extras, signal }: Parameters<Transport['prune']>[0]): Promise<void> {
    for (const path of extras) assertBelow(path);
    const staging = await this.#staging(placement);
    assertGoing('pruning', signal);
    const claim = extras.length === 0 ? null : await staging.claimExisting({ signal });
    if (claim === null) return;
    assertClaimed(claim);
    if (staging.folder.facts.publishes === 'by-moving') return prune(staging.folder, staging.tree, { extras, signal });
    if (await isMakingIt(staging)) await pruneInPlace(staging.folder, staging.tree, { extras, signal });
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    const staging = await this.#staging(request.placement);
    assertGoing('publishing', request.signal);
    if (staging.folder.facts.publishes === 'in-place') return publishInPlace(staging, request);
    return new PublishRun(staging, request).run(this.#afterPublishStep);
  }

  async readReceipt({ finalName, signal }: Parameters<Transport['readReceipt']>[0]): Promise<{ readonly kind: 'none' } | { readonly kind: 'foreign' } | { readonly kind: 'receipt'; readonly receipt: Receipt }> {
    assertGoing('reading the receipt', signal);
    const folder = await this.#open();
    await folder.assertThere(signal);
    const inPlace = await inspectInPlace(folder, finalName);
    if (inPlace.kind === 'damaged') {
      throw new TransportError(`the receipt of ${displayPath(finalName)} cannot be read: ${inPlace.evidence}`, { errorKind: TransportErrorKind.CONFIG, hint: 'Look at the result; if it is of no use, move it away and push again' });
    }
    // A result that is being made there is none yet; whose it is, the push finds out under the lock.
    if (inPlace.kind === 'foreign' && folder.facts.publishes === 'in-place' && (await readUnfinished(folder, finalName)) !== null) return { kind: 'none' };
    return inPlace;
  }

  async remove({ placement, signal }: Parameters<Transport['remove']>[0]): Promise<void> {
    const staging = await this.#staging(placement);
    assertGoing('removing the staging folder', signal);
    const claim = await staging.claimExisting({ signal });
    if (claim === null) return;
    assertClaimed(claim);
    if (staging.folder.facts.publishes === 'in-place') await removeInPlace(staging);
    else await lowerOwnFlags(staging);
    await staging.removeJob();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing stays open between calls: each is a program of its own.
    await Promise.resolve();
  }

  async #staging(placement: Placement): Promise<EpochStaging> {
    assertPlacement(placement);
    parseFinalName(placement.finalName);
    return new EpochStaging({ folder: await this.#open(), placement, hostName: this.#hostName });
  }

  /** What the remote can do is asked once. */
  async #open(): Promise<RemoteFolder> {
    this.#folder ??= readRemoteFacts(this.#program).then((facts) => new RemoteFolder(this.#program, facts));
    try {
      return await this.#folder;
    } catch (error) {
      this.#folder = null;
      throw error;
    }
  }
}

/** Whether this job is what is being made under the final name: nothing of another's is looked at or deleted. */
async function isMakingIt({ folder, placement }: EpochStaging): Promise<boolean> {
  const unfinished = await readUnfinished(folder, placement.finalName);
  return unfinished?.jobId === placement.jobId && unfinished.hostId === placement.hostId;
}

function assertClaimed(claim: ClaimOutcome): Extract<ClaimOutcome, { kind: 'claimed' }> {
  if (claim.kind === 'claimed') return claim;
  if (claim.kind === 'fenced') throw new FencedError(claim.evidence);
  throw new TransportError(claim.evidence, { errorKind: claim.kind === 'locked' ? TransportErrorKind.NETWORK : TransportErrorKind.CONFIG });
}

function assertGoing(doing: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new TransportError(`${doing} was interrupted`, { errorKind: TransportErrorKind.INTERRUPTED });
}

/** Paths to delete come from a manifest; a wrong one must not reach beyond the tree. */
function assertBelow(path: RawPath): void {
  if (path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')) return;
  throw new TransportError(`${JSON.stringify(displayPath(path))} is no path within a tree`, { errorKind: TransportErrorKind.CONFIG });
}
