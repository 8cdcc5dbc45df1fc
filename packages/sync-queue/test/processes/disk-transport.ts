import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Placement, PublishOutcome, PublishRequest, PushRequest, RawPath, Receipt, RemoteManifest, Transport, TransportResult } from '@longhaul/sync-transports';

/** What one push does before it is complete; the tests let it hang, or start a program. */
export type BeforePushed = (request: PushRequest) => Promise<void>;

/**
 * The least that a transport can be with several real processes: one file per job, named by its final name, and a log in
 * which every step is one appended line.
 */
export class DiskTransport implements Transport {
  readonly kind = 'local';
  readonly #root: string;
  readonly #beforePushed: BeforePushed;

  constructor(root: string, beforePushed: BeforePushed) {
    this.#root = root;
    this.#beforePushed = beforePushed;
  }

  probe(): ReturnType<Transport['probe']> {
    return Promise.resolve({ reachable: true, errorKind: null, evidence: null, hint: null, freeBytes: null, totalBytes: null, hash: 'sha256', tools: [] });
  }

  checkNames(): Promise<void> {
    return Promise.resolve();
  }

  async push(request: PushRequest): Promise<TransportResult> {
    const { placement, seal } = request;
    await this.#note('push', placement);
    await this.#beforePushed(request);
    await mkdir(this.#staging(placement), { recursive: true });
    for (const entry of seal.entries) if (entry.type === 'file') await writeFile(join(this.#staging(placement), entry.path), entry.sha256);
    await this.#note('pushed', placement);
    return { ok: true, errorKind: null, stderr: '', stdout: '', returncode: 0, evidence: null, hint: null, retryAfterMs: null, bytesSent: seal.totals.bytes };
  }

  async hashsum({ where, placement, seal }: Parameters<Transport['hashsum']>[0]): Promise<RemoteManifest> {
    const folder = where === 'staging' ? this.#staging(placement) : this.#final(placement.finalName);
    const names = await readdir(folder).catch(() => []);
    const sizes = new Map<string, number>(seal.entries.map((entry) => [entry.path, entry.type === 'file' ? entry.size : 0]));
    const hashed = names.filter((name) => name !== '.receipt').map(async (name) => [name as RawPath, { type: 'file', size: sizes.get(name) ?? 0, sha256: await readFile(join(folder, name), 'utf8') }] as const);
    return { strength: 'sha256', entries: new Map(await Promise.all(hashed)) };
  }

  async prune(): Promise<void> {
    await Promise.resolve();
  }

  async publish({ placement, receipt }: PublishRequest): Promise<PublishOutcome> {
    await writeFile(join(this.#staging(placement), '.receipt'), JSON.stringify(receipt));
    // Fails where something is there already: nothing is published twice.
    await rename(this.#staging(placement), this.#final(placement.finalName));
    await this.#note('published', placement);
    return { kind: 'published' };
  }

  async readReceipt({ finalName }: { readonly finalName: RawPath }): ReturnType<Transport['readReceipt']> {
    const text = await readFile(join(this.#final(finalName), '.receipt'), 'utf8').catch(() => null);
    return text === null ? { kind: 'none' } : { kind: 'receipt', receipt: JSON.parse(text) as Receipt };
  }

  async remove({ placement }: { readonly placement: Placement }): Promise<void> {
    await rm(this.#staging(placement), { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #note(step: string, { jobId, epoch }: Placement): Promise<void> {
    await appendFile(join(this.#root, 'log'), `${step} ${jobId} ${epoch} ${process.pid}\n`);
  }

  #staging({ jobId }: Placement): string {
    return join(this.#root, `staging-${jobId}`);
  }

  #final(finalName: RawPath): string {
    return join(this.#root, `final-${finalName}`);
  }
}
