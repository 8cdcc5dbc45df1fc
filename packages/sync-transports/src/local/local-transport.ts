import { hostname } from 'node:os';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ReceiptHead, ReceiptListing } from '../chain/receipt-chain.ts';
import { parseFinalName } from '../final-name.ts';
import { assertPlacement } from '../protocol/identifiers.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import type { Seal } from '../seal.ts';
import type { FetchRequest, HashsumRequest, Placement, ProbeOptions, ProbeReport, PublishOutcome, PublishRequest, PushRequest, RemoteManifest, Transport, TransportResult } from '../transport.ts';
import { WorkerPool } from '../worker/worker-pool.ts';
import { assertApart } from './assert-apart.ts';
import { checkLocalNames } from './check-names.ts';
import type { DestinationOptions } from './destination-folder.ts';
import { DestinationFolder } from './destination-folder.ts';
import { hashTree } from './hashsum.ts';
import { inspectInPlace } from './in-place.ts';
import { FencedError } from '../protocol/fenced-error.ts';
import { destinationError, interruptedError } from './local-failure.ts';
import { probeDestination } from './probe-destination.ts';
import { releaseOwnLock } from './publish-lock.ts';
import type { AfterPublishStep } from '../protocol/publish-steps.ts';
import { PublishRun } from './publish-run.ts';
import { pushResult, refusedResult, thrownResult } from './push-result.ts';
import { PushRun } from './push-run.ts';
import { listReceipts, receiptHead } from './receipts.ts';
import type { ClaimOutcome } from './staging.ts';
import { Staging } from './staging.ts';

/** A locked final name is tried again, like a line that is down; something in the way needs a person. */
const REFUSED_CLAIM: Readonly<Record<Exclude<ClaimOutcome['kind'], 'claimed'>, TransportErrorKind>> = {
  fenced: TransportErrorKind.INTERRUPTED,
  locked: TransportErrorKind.NETWORK,
  conflict: TransportErrorKind.CONFIG,
};

/** Options of {@link LocalTransport}. */
export interface LocalTransportOptions extends DestinationOptions {
  /** Threads that copy and hash. Default 2. */
  readonly workers?: number;
  /** For people who meet a lock of ours. Default: this machine's name. */
  readonly hostName?: string;
  /** For tests of crashes: called after each step of publish; what it throws ends the publish there and then, as a kill would. */
  readonly afterPublishStep?: AfterPublishStep;
}

/**
 * Pushes to a folder of this machine: a mounted disk or share (design §5.2). Built in, no program needed. Files are copied to a passing name and
 * renamed; blocks are shared where the file system can; holes, hard links, symlinks, modes and times are kept; owners, ACLs and extended
 * attributes are not.
 */
export class LocalTransport implements Transport {
  readonly kind = 'local';
  readonly #folder: DestinationFolder;
  readonly #pool: WorkerPool;
  readonly #hostName: string;
  readonly #afterPublishStep: AfterPublishStep | undefined;

  constructor({ workers, hostName = hostname(), afterPublishStep, ...destination }: LocalTransportOptions) {
    this.#folder = new DestinationFolder(destination);
    this.#pool = new WorkerPool({ size: workers });
    this.#hostName = hostName;
    this.#afterPublishStep = afterPublishStep;
  }

  get folder(): RawPath {
    return this.#folder.root;
  }

  async probe({ touch = 'test_write' }: ProbeOptions = {}): Promise<ProbeReport> {
    return probeDestination({ folder: this.#folder, pool: this.#pool }, touch);
  }

  async checkNames(seal: Seal): Promise<void> {
    await this.#atDestination('checking names', undefined, () => checkLocalNames({ folder: this.#folder, pool: this.#pool }, seal));
  }

  async assertApart({ source, finalName, signal }: Parameters<NonNullable<Transport['assertApart']>>[0]): Promise<void> {
    await this.#atDestination('looking whether it is the source', signal, async () => assertApart(this.#folder, { source, finalName }));
  }

  async push(request: PushRequest): Promise<TransportResult> {
    const { placement, signal } = request;
    let run: PushRun | null = null;
    try {
      signal?.throwIfAborted();
      const staging = this.#staging(placement);
      await this.#folder.assertThere();
      await assertApart(this.#folder, { source: request.seal.source, finalName: placement.finalName });
      const claim = await staging.claim();
      if (claim.kind !== 'claimed') return refusedResult(REFUSED_CLAIM[claim.kind], claim.evidence);
      run = new PushRun(staging, request);
      return pushResult(await run.run());
    } catch (error) {
      return thrownResult(error, { signal, bytesSent: run?.bytesSent ?? 0 });
    }
  }

  async hashsum(request: HashsumRequest): Promise<RemoteManifest> {
    const { placement, where, signal } = request;
    return this.#atDestination('hashing', signal, async () => {
      const staging = this.#staging(placement);
      if (where === 'final') return hashTree(this.#pool, this.#folder.absolute(placement.finalName), request);
      if (await staging.exists()) assertClaimed(await staging.claim());
      return hashTree(this.#pool, this.#folder.absolute(staging.layout.tree), request);
    });
  }

  async prune({ placement, extras, signal }: Parameters<Transport['prune']>[0]): Promise<void> {
    await this.#atDestination('pruning', signal, async () => {
      const staging = this.#staging(placement);
      for (const path of extras) assertBelow(path);
      if (!(await staging.exists())) return;
      assertClaimed(await staging.claim());
      const tree = this.#folder.absolute(staging.layout.tree);
      await this.#pool.run({ kind: 'remove', paths: extras.map((path) => `${tree}/${path}`) }, { signal });
    });
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    const { placement, signal } = request;
    return this.#atDestination('publishing', signal, async () => new PublishRun(this.#staging(placement), request).run(this.#afterPublishStep));
  }

  async readReceipt({ finalName, signal }: Parameters<Transport['readReceipt']>[0]): Promise<{ readonly kind: 'none' } | { readonly kind: 'foreign' } | { readonly kind: 'receipt'; readonly receipt: Receipt }> {
    return this.#atDestination('reading the receipt', signal, async () => {
      const inPlace = await inspectInPlace(this.#folder, finalName);
      if (inPlace.kind !== 'damaged') return inPlace;
      throw new TransportError(`the receipt of ${displayPath(finalName)} cannot be read: ${inPlace.evidence}`, {
        errorKind: TransportErrorKind.CONFIG,
        hint: 'Look at the result; if it is of no use, move it away and push again',
      });
    });
  }

  async receiptHead({ signal }: { readonly signal?: AbortSignal } = {}): Promise<ReceiptHead> {
    return this.#atDestination('reading the chain of receipts', signal, async () => receiptHead(this.#folder));
  }

  async listReceipts({ signal }: { readonly signal?: AbortSignal } = {}): Promise<ReceiptListing> {
    return this.#atDestination('listing the receipts', signal, async () => listReceipts(this.#folder, signal));
  }

  /** It lies on this machine: nothing is copied. */
  async fetch({ finalName, signal }: FetchRequest): Promise<string> {
    return this.#atDestination('looking for the result', signal, async () => {
      if ((await inspectInPlace(this.#folder, finalName)).kind !== 'receipt') throw new TransportError(`no result of Longhaul's lies at ${displayPath(finalName)}`, { errorKind: TransportErrorKind.CONFIG });
      return pathText(this.#folder.absolute(finalName), finalName);
    });
  }

  async remove({ placement, signal }: Parameters<Transport['remove']>[0]): Promise<void> {
    await this.#atDestination('removing the staging folder', signal, async () => {
      const staging = this.#staging(placement);
      if (!(await staging.exists())) return;
      assertClaimed(await staging.claim());
      await releaseOwnLock(staging);
      await staging.discard(staging.layout.tree, staging.layout.partial);
      await staging.removeJob();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #staging(placement: Placement): Staging {
    assertPlacement(placement);
    parseFinalName(placement.finalName);
    return new Staging({ folder: this.#folder, placement, hostName: this.#hostName, pool: this.#pool });
  }

  /** Runs what throws TransportError: the root is there, and failed system calls have a kind. */
  async #atDestination<T>(doing: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    try {
      signal?.throwIfAborted();
      await this.#folder.assertThere();
      return await act();
    } catch (error) {
      if (signal?.aborted === true && !(error instanceof TransportError)) throw interruptedError(doing, error);
      throw destinationError(doing, error);
    }
  }
}

function assertClaimed(claim: ClaimOutcome): void {
  if (claim.kind === 'claimed') return;
  if (claim.kind === 'fenced') throw new FencedError(claim.evidence);
  throw new TransportError(claim.evidence, { errorKind: REFUSED_CLAIM[claim.kind] });
}

/** @throws TransportError of kind config for a name that is no text */
function pathText(raw: string, finalName: RawPath): string {
  const bytes = Buffer.from(raw, 'latin1');
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw new TransportError(`${displayPath(finalName)} is no UTF-8: it can only be brought back by hand`, { errorKind: TransportErrorKind.CONFIG });
}

/** Paths to delete come from a manifest; a wrong one must not reach beyond the tree. */
function assertBelow(path: RawPath): void {
  if (path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')) return;
  throw new TransportError(`${JSON.stringify(displayPath(path))} is no path within a tree`, { errorKind: TransportErrorKind.CONFIG });
}
