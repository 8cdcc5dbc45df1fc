import { TransportError } from '@longhaul/errors';
import type { TransportErrorKind } from '@longhaul/errors';
import type { Clock } from '@longhaul/sync-queue';
import { judgeInPlace } from '@longhaul/sync-transports';
import type {
  HashsumRequest,
  ListingPushRequest,
  Placement,
  ProbeReport,
  ProofStrength,
  PublishOutcome,
  PublishRequest,
  PushRequest,
  RawPath,
  Receipt,
  ReceiptHead,
  RemoteEntry,
  RemoteManifest,
  SealListing,
  Transport,
  TransportResult,
} from '@longhaul/sync-transports';
import type { FakeDestination, Pusher, Tree } from './fake-destination.ts';
import type { FakeFolder } from './fake-source.ts';
import { sha256 } from './fake-source.ts';

/** How long one file takes. */
const FILE_MS = 100;

/** What is to go wrong in the next pushes, in this order; `null` is a push that goes through. */
export type PushFault =
  | { readonly kind: TransportErrorKind | null; readonly afterFiles?: number; readonly retryAfterMs?: number; readonly evidence?: string }
  | { readonly corrupt: RawPath }
  | { readonly stall: true };

export interface FakeTransportPorts {
  readonly destination: FakeDestination;
  readonly clock: Clock;
  readonly folderOf: (root: RawPath) => FakeFolder | undefined;
}

type Sending = Omit<PushRequest, 'seal'> & { readonly seal: SealListing };

/** A transport to a destination in memory. The push is a program of its own: it goes on when its worker is gone. */
export class FakeTransport implements Transport {
  readonly kind = 'local';
  readonly faults: (PushFault | null)[] = [];
  readonly strength: ProofStrength = 'sha256';
  /** None as a rule; a test may give it one. */
  fetch?: NonNullable<Transport['fetch']>;
  probes = 0;
  pushes = 0;
  /** Called after each file that arrived. */
  onFile: ((path: RawPath) => void | Promise<void>) | null = null;
  /** Called right before the rename, and right after. */
  onPublish: ((moment: 'before' | 'after') => void | Promise<void>) | null = null;
  readonly #ports: FakeTransportPorts;

  constructor(ports: FakeTransportPorts) {
    this.#ports = ports;
  }

  probe(): Promise<ProbeReport> {
    this.probes += 1;
    const { down, freeBytes } = this.#ports.destination;
    const free = Number.isFinite(freeBytes) ? freeBytes : null;
    const found = { reachable: down === null, errorKind: down, evidence: down === null ? null : `fake: ${down}`, hint: null, freeBytes: free, totalBytes: null };
    return Promise.resolve({ ...found, hash: this.strength, tools: ['fake'] });
  }

  checkNames(): Promise<void> {
    return Promise.resolve();
  }

  /** As rsync: it compares no hash when it sends. */
  async pushListing({ listing, ...request }: ListingPushRequest): Promise<TransportResult> {
    return this.push({ ...request, seal: listing });
  }

  async push(request: Sending): Promise<TransportResult> {
    const { destination } = this.#ports;
    const { placement } = request;
    this.pushes += 1;
    if (destination.down !== null) return failedResult(destination.down, {});
    const staging = destination.claim(placement.jobId, placement.epoch);
    if (staging === null) return failedResult('interrupted', { evidence: 'fenced by a later claim' });
    const pusher = destination.startPusher(placement.jobId);
    request.onProcess?.(pusher);
    staging.tree ??= new Map<RawPath, string>();
    const tree = staging.tree;
    try {
      return await this.#run({ request, pusher, tree });
    } finally {
      pusher.ended = true;
    }
  }

  async hashsum({ where, placement }: HashsumRequest): Promise<RemoteManifest> {
    this.#assertUp();
    const { destination } = this.#ports;
    await this.#pass();
    if (where === 'final') return this.#manifest(destination.finals.get(placement.finalName)?.tree ?? emptyTree());
    const staging = this.#claim(placement);
    return this.#manifest(staging.tree ?? emptyTree());
  }

  async prune({ placement, extras }: { readonly placement: Placement; readonly extras: readonly RawPath[] }): Promise<void> {
    this.#assertUp();
    await this.#pass();
    for (const path of extras) this.#claim(placement).tree?.delete(path);
  }

  async publish({ placement, seal, receipt, signal }: PublishRequest): Promise<PublishOutcome> {
    this.#assertUp();
    const { destination } = this.#ports;
    await this.onPublish?.('before');
    await this.#pass();
    if (signal?.aborted === true) throw new TransportError('publish was broken off', { errorKind: 'interrupted' });
    const staging = destination.claim(placement.jobId, placement.epoch);
    if (staging === null) return { kind: 'fenced', evidence: 'a later claim was here' };
    if (destination.lockedBy !== null) return { kind: 'locked', holder: destination.lockedBy, evidence: 'held' };
    const newcomer = { sourceId: receipt.sourceId, jobId: placement.jobId, sealId: seal.id, generation: receipt.generation, staging: staging.tree === null ? 'none' : 'tree' } as const;
    const judgement = judgeInPlace(this.#inPlace(placement.finalName), newcomer);
    if (judgement.kind === 'conflict' || judgement.kind === 'fenced') return judgement;
    if (judgement.kind === 'proceed') {
      this.#assertExact(staging.tree ?? emptyTree(), new Map(seal.entries.map((entry) => [entry.path, entry.type === 'file' ? entry.sha256 : ''])));
      destination.reveal({ jobId: placement.jobId, seal, finalName: placement.finalName, receipt });
    }
    destination.staging.delete(placement.jobId);
    await this.onPublish?.('after');
    return { kind: 'published' };
  }

  async readReceipt({ finalName }: { readonly finalName: RawPath }): Promise<{ readonly kind: 'none' } | { readonly kind: 'foreign' } | { readonly kind: 'receipt'; readonly receipt: Receipt }> {
    this.#assertUp();
    await this.#pass();
    return this.#inPlace(finalName);
  }

  async receiptHead(): Promise<ReceiptHead> {
    this.#assertUp();
    await Promise.resolve();
    const sequence = this.#ports.destination.reveals.length;
    return sequence === 0 ? { kind: 'untouched' } : { kind: 'link', sequence, sha256: String(sequence), place: 'the first link' };
  }

  async remove({ placement }: { readonly placement: Placement }): Promise<void> {
    this.#assertUp();
    await this.#pass();
    if (!this.#ports.destination.staging.has(placement.jobId)) return;
    this.#claim(placement);
    this.#ports.destination.staging.delete(placement.jobId);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #run({ request, pusher, tree }: { readonly request: Sending; readonly pusher: Pusher; readonly tree: Tree }): Promise<TransportResult> {
    const { destination, folderOf } = this.#ports;
    const { seal, repeat, signal, onProgress } = request;
    const fault = this.faults.shift() ?? null;
    const files = seal.entries.filter((entry) => entry.type === 'file');
    const wanted = repeat === undefined ? files : files.filter(({ path }) => repeat.includes(path));
    let done = 0;
    let sent = 0;
    for (const [index, entry] of wanted.entries()) {
      if (fault !== null && 'stall' in fault) await aborted(signal);
      if (fault !== null && 'kind' in fault && index >= (fault.afterFiles ?? 0)) return failedResult(fault.kind, fault);
      await this.#pass();
      if (signal?.aborted === true || pusher.ended) return failedResult('interrupted', { evidence: 'ended by a signal' });
      if (destination.down !== null) return failedResult('network', { evidence: 'the line went dead' });
      const content = folderOf(seal.source.root)?.files.get(entry.path)?.content;
      if (content === undefined) return failedResult('local_file_vanished', { evidence: `vanished: ${entry.path}` });
      // As rsync does: right size means there already, unless it is told to look closer.
      if (repeat !== undefined || tree.get(entry.path)?.length !== entry.size) {
        if (content.length > destination.freeBytes) return failedResult('no_space', { evidence: 'No space left on device (28)' });
        destination.freeBytes -= content.length;
        destination.bytesReceived += content.length;
        sent += content.length;
        tree.set(entry.path, fault !== null && 'corrupt' in fault && fault.corrupt === entry.path ? flipped(content) : content);
      }
      done += entry.size;
      onProgress?.({ bytesDone: done, bytesTotal: seal.totals.bytes, filesDone: index + 1, filesTotal: seal.totals.files, bytesSent: sent, currentFile: entry.path });
      await this.onFile?.(entry.path);
    }
    return { ok: true, errorKind: null, stderr: '', stdout: '', returncode: 0, evidence: null, hint: null, retryAfterMs: null, bytesSent: sent };
  }

  #manifest(tree: Tree): RemoteManifest {
    const entries = new Map<RawPath, RemoteEntry>([...tree].map(([path, content]) => [path, { type: 'file', size: content.length, sha256: this.strength === 'size' ? null : sha256(content) }]));
    return { strength: this.strength, entries };
  }

  #inPlace(finalName: RawPath): { readonly kind: 'none' } | { readonly kind: 'foreign' } | { readonly kind: 'receipt'; readonly receipt: Receipt } {
    const final = this.#ports.destination.finals.get(finalName);
    if (final === undefined) return { kind: 'none' };
    return final.receipt === null ? { kind: 'foreign' } : { kind: 'receipt', receipt: final.receipt };
  }

  #claim(placement: Placement): NonNullable<ReturnType<FakeDestination['claim']>> {
    const staging = this.#ports.destination.claim(placement.jobId, placement.epoch);
    if (staging === null) throw new TransportError('fenced by a later claim', { errorKind: 'interrupted' });
    return staging;
  }

  #assertUp(): void {
    const { down } = this.#ports.destination;
    if (down !== null) throw new TransportError(`fake: ${down}`, { errorKind: down, context: { evidence: `fake: ${down}` } });
  }

  #assertExact(tree: Tree, sealed: ReadonlyMap<RawPath, string>): void {
    const torn = tree.size !== sealed.size || [...tree].some(([path, content]) => sealed.get(path) !== sha256(content));
    if (torn) this.#ports.destination.violations.push('published something other than what was sealed');
  }

  async #pass(): Promise<void> {
    await new Promise<void>((resolve) => this.#ports.clock.after(FILE_MS, resolve));
  }
}

function emptyTree(): Tree {
  return new Map<RawPath, string>();
}

/** Same length, other content. */
export function flipped(content: string): string {
  return String.fromCharCode(content.charCodeAt(0) ^ 1) + content.slice(1);
}

function failedResult(errorKind: TransportErrorKind | null, { evidence, retryAfterMs = null }: { readonly evidence?: string; readonly retryAfterMs?: number | null }): TransportResult {
  const line = evidence ?? `fake: ${errorKind ?? 'no program'}`;
  return { ok: false, errorKind, stderr: `${line}\n`, stdout: '', returncode: 1, evidence: line, hint: null, retryAfterMs, bytesSent: 0 };
}

async function aborted(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
}
