import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import { HashsumTally } from '../manifest/hashsum-tally.ts';
import type { SealedFile } from '../seal.ts';
import type { HashsumRequest, RemoteEntry, RemoteManifest } from '../transport.ts';
import { assertClaimed } from './claim-refusal.ts';
import { partReader } from './field-reader.ts';
import type { HashBatch } from './hash-batches.ts';
import { hashBatches } from './hash-batches.ts';
import { HashLines } from './hash-lines.ts';
import { placementValues } from './placement-values.ts';
import { positionReader } from './position-reader.ts';
import type { Hasher } from './remote-facts.ts';
import type { RemoteHost } from './remote-host.ts';
import { refuseError } from './remote-host.ts';
import { filesFrom } from './rsync-arguments.ts';
import { CLAIM_SCRIPT } from './scripts/claim-script.ts';
import { HASH_SCRIPT, LIST_SCRIPT } from './scripts/look-script.ts';
import { TreeListing } from './tree-listing.ts';

/** From so many bytes on a single file is worth a look at how far it is: a second, or so. */
const WATCHED_FROM = 256 << 20;

/**
 * Lists the tree, then hashes the sealed files there over several channels of one connection (design §5.2, "Remote hashing is
 * batched"). Everything that is there is listed; what the seal does not know is not hashed.
 */
export async function hashsum(host: RemoteHost, request: HashsumRequest): Promise<RemoteManifest> {
  const run = new HashRun(host, request);
  return run.run();
}

class HashRun {
  readonly #host: RemoteHost;
  readonly #request: HashsumRequest;
  readonly #values: Readonly<Record<string, string | Uint8Array>>;
  readonly #tree: string | Uint8Array;
  readonly #files: readonly SealedFile[];
  readonly #progress: HashsumTally;

  constructor(host: RemoteHost, request: HashsumRequest) {
    this.#host = host;
    this.#request = request;
    this.#values = placementValues(request.placement);
    this.#tree = request.where === 'final' ? (this.#values['F'] ?? '') : `${String(this.#values['J'])}/tree`;
    this.#files = request.seal.entries.filter((entry): entry is SealedFile => entry.type === 'file');
    this.#progress = new HashsumTally(this.#files, request.onProgress);
  }

  async run(): Promise<RemoteManifest> {
    const entries = await this.#list();
    // Only what the listing shows as a file: a pipe in its place would be waited for, for ever.
    const present = this.#files.filter(({ path }) => entries.get(path)?.type === 'file');
    return { strength: 'sha256', entries: withHashes(entries, { hashes: await this.#hash(present), expected: present }) };
  }

  async #list(): Promise<Map<RawPath, RemoteEntry>> {
    const { where, signal } = this.#request;
    const listing = new TreeListing();
    const fields: string[] = [];
    await this.#host.call({
      doing: 'listing the files',
      scripts: [CLAIM_SCRIPT, LIST_SCRIPT],
      values: { ...this.#values, T: this.#tree, where },
      signal,
      onField: (field) => {
        if (fields[0] === 'listing') listing.add(field);
        else fields.push(field);
      },
    });
    assertClaimed(refuseError(fields, { doing: 'listing the files', target: this.#host.destination.target }));
    if (!listing.isWhole) throw new TransportError(`the list of files at ${this.#host.destination.target} ended early`, { errorKind: TransportErrorKind.NETWORK });
    return listing.entries;
  }

  async #hash(files: readonly SealedFile[]): Promise<ReadonlyMap<RawPath, string>> {
    if (files.length === 0) return new Map();
    const { facts } = this.#host;
    const hasher = facts?.hasher ?? null;
    if (facts === null || hasher === null) throw this.#noHasher();
    const lanes = new AbortController();
    const signals = [this.#request.signal, lanes.signal].filter((signal) => signal !== undefined);
    const batches = hashBatches(files, facts);
    try {
      const results = await Promise.all(batches.map(async (batch) => this.#hashBatch(batch, { hasher, signal: AbortSignal.any(signals) })));
      return new Map(results.flatMap((hashes) => [...hashes]));
    } finally {
      lanes.abort();
    }
  }

  async #hashBatch(batch: HashBatch, { hasher, signal }: { readonly hasher: Hasher; readonly signal: AbortSignal }): Promise<ReadonlyMap<RawPath, string>> {
    const lines = new HashLines(batch);
    // One that cannot be read has no line, and fails the whole in the end: until then the bytes are a little off.
    let position = 0;
    const isLong = this.#request.onProgress !== undefined && batch.how === 'name' && this.#progress.largest(batch.paths) >= WATCHED_FROM;
    await this.#host.call({
      doing: 'hashing the files',
      scripts: [HASH_SCRIPT],
      values: { T: this.#tree, how: batch.how, hasher, watch: isLong ? 'yes' : 'no' },
      input: filesFrom(batch.paths),
      signal,
      onChunk: positionReader((bytes) => { this.#progress.reading(batch, { path: batch.paths[position], bytes }); }, partReader('\n', (line) => {
        lines.add(line);
        const path = batch.paths[position];
        position += 1;
        if (path !== undefined) this.#progress.done(path, batch);
      })),
    });
    return lines.hashes;
  }

  #noHasher(): TransportError {
    this.#host.forgetFacts();
    const { target } = this.#host.destination;
    return new TransportError(`${target} has no program for SHA-256, so nothing can be proven there`, {
      errorKind: TransportErrorKind.CONFIG,
      hint: 'Install coreutils (sha256sum) or openssl there',
    });
  }
}

/** A file that is there and has no hash could not be read: that is no mismatch, and no proof. */
function withHashes(entries: Map<RawPath, RemoteEntry>, { hashes, expected }: { readonly hashes: ReadonlyMap<RawPath, string>; readonly expected: readonly SealedFile[] }): Map<RawPath, RemoteEntry> {
  for (const { path } of expected) {
    const sha256 = hashes.get(path);
    const entry = entries.get(path);
    if (sha256 === undefined) throw unreadable(path);
    if (entry?.type === 'file') entries.set(path, { ...entry, sha256 });
  }
  return entries;
}

function unreadable(path: RawPath): TransportError {
  return new TransportError(`"${displayPath(path)}" cannot be read at the destination`, {
    errorKind: TransportErrorKind.UNKNOWN,
    hint: 'Look at the file there: its permissions, and the kernel log for errors of the disk',
    context: { evidence: displayPath(path) },
  });
}
