import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import type { ReceiptHead, ReceiptListing } from '../chain/receipt-chain.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { SealListing } from '../seal.ts';
import type { FetchRequest, HashsumRequest, ListingPushRequest, ProbeOptions, ProbeReport, PublishOutcome, PublishRequest, PushRequest, RemoteManifest, Transport, TransportResult } from '../transport.ts';
import { checkNames } from './check-names.ts';
import { assertClaimed } from './claim-refusal.ts';
import type { RsyncSshDestination } from './destination-options.ts';
import { parseRsyncSshDestination } from './destination-options.ts';
import { fetchResult } from './fetch.ts';
import { hashsum } from './hashsum.ts';
import { placementValues } from './placement-values.ts';
import { probe } from './probe.ts';
import { publish } from './publish.ts';
import { failedPush } from './prepare-push.ts';
import { push, StuckFiles } from './push.ts';
import type { PushedContent } from './pushed-content.ts';
import { readReceipt } from './read-receipt.ts';
import { listReceipts, receiptHead } from './receipts.ts';
import type { ScriptPrelude } from './remote-host.ts';
import { RemoteHost } from './remote-host.ts';
import { filesFrom } from './rsync-arguments.ts';
import { CLAIM_SCRIPT } from './scripts/claim-script.ts';
import { CLEAR_SCRIPT } from './scripts/clear-script.ts';
import { PRUNE_SCRIPT, REMOVE_SCRIPT } from './scripts/push-script.ts';

/** Options of {@link RsyncSshTransport}. */
export interface RsyncSshTransportOptions extends RsyncSshDestination {
  /** How programs are run. Default: as programs of this machine. */
  readonly runner?: ProcessRunner;
  /**
   * For tests of crashes: shell text that every remote script runs behind its head. The publish script calls `reached STEP` after
   * each step of PUBLISH_STEPS, which does nothing; a test defines it to kill the shell.
   */
  readonly scriptPrelude?: ScriptPrelude;
}

/**
 * Pushes with rsync over ssh, and proves with the other side's own hash program (design §5.2). Key login only; what the person's ssh
 * configuration says holds unless an option says otherwise. Needs rsync on both sides, ssh here, and sh, find, xargs and
 * sha256sum or openssl there; BusyBox will do.
 */
export class RsyncSshTransport implements Transport {
  readonly kind = 'rsync_ssh';
  readonly #host: RemoteHost;
  readonly #runner: ProcessRunner;
  readonly #failures = new StuckFiles();

  /** @throws ConfigError for a target, port or path that cannot be used */
  constructor({ runner = systemRunner(), scriptPrelude, ...destination }: RsyncSshTransportOptions) {
    this.#runner = runner;
    this.#host = new RemoteHost({ destination: parseRsyncSshDestination(destination), runner, prelude: scriptPrelude });
  }

  async probe(options: ProbeOptions = {}): Promise<ProbeReport> {
    return probe(this.#host, options);
  }

  async checkNames(seal: SealListing): Promise<void> {
    await checkNames(this.#host, seal);
  }

  async push(request: PushRequest): Promise<TransportResult> {
    return this.#push({ ...request, listing: request.seal });
  }

  async pushListing(request: ListingPushRequest): Promise<TransportResult> {
    return this.#push(request);
  }

  async #push(request: PushedContent): Promise<TransportResult> {
    try {
      return await push({ host: this.#host, runner: this.#runner, failures: this.#failures }, request);
    } catch (error) {
      return failedPush(error);
    }
  }

  async hashsum(request: HashsumRequest): Promise<RemoteManifest> {
    return hashsum(this.#host, request);
  }

  async prune({ placement, extras, signal }: Parameters<Transport['prune']>[0]): Promise<void> {
    for (const path of extras) assertBelow(path);
    if (extras.length === 0) return;
    assertClaimed(await this.#host.call({ doing: 'pruning', scripts: [CLAIM_SCRIPT, PRUNE_SCRIPT], values: placementValues(placement), input: filesFrom(extras), signal }));
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    return publish(this.#host, request);
  }

  async readReceipt(request: Parameters<Transport['readReceipt']>[0]): ReturnType<Transport['readReceipt']> {
    return readReceipt(this.#host, request);
  }

  async receiptHead({ signal }: { readonly signal?: AbortSignal } = {}): Promise<ReceiptHead> {
    return receiptHead(this.#host, signal);
  }

  async listReceipts({ signal }: { readonly signal?: AbortSignal } = {}): Promise<ReceiptListing> {
    return listReceipts(this.#host, signal);
  }

  async fetch(request: FetchRequest): Promise<string> {
    return fetchResult({ host: this.#host, runner: this.#runner }, request);
  }

  async remove({ placement, signal }: Parameters<Transport['remove']>[0]): Promise<void> {
    assertClaimed(await this.#host.call({ doing: 'removing the staging folder', scripts: [CLAIM_SCRIPT, CLEAR_SCRIPT, REMOVE_SCRIPT], values: placementValues(placement), signal }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
  }
}

/** Paths to delete come from a manifest; a wrong one must not reach beyond the tree. */
function assertBelow(path: RawPath): void {
  if (path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')) return;
  throw new TransportError(`${JSON.stringify(displayPath(path))} is no path within a tree`, { errorKind: TransportErrorKind.CONFIG });
}
