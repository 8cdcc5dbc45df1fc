import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManifestComparison, Placement, PublishOutcome, PublishRequest, PushRequest, RawPath, Receipt, Seal, Sealer, Transport, TransportResult } from '@longhaul/sync-transports';
import { compareManifest, createSealer, displayPath, joinRaw, sourceIdOf } from '@longhaul/sync-transports';
import { expect, onTestFinished } from 'vitest';
import type { SourceEntry } from './source-tree.ts';
import { writeSource } from './source-tree.ts';
import type { DestinationHands, TransportSubject, TransportTraits, TransportWorld } from './subject.ts';
import { traitsOf } from './subject.ts';

const NOW = '2026-11-22T10:00:00.000Z';

/** A job of a test: whose, and where to. */
export interface JobOptions {
  readonly jobId?: string;
  readonly epoch?: number;
  readonly hostId?: string;
  readonly finalName?: string;
  readonly generation?: number;
}

/** What each test starts with: an empty destination, an empty source, and a sealer. */
export class TransportBench {
  readonly world: TransportWorld;
  readonly transport: Transport;
  readonly sealer: Sealer;
  /** Folder of sources. */
  readonly folder: string;

  readonly traits: TransportTraits;

  private constructor({ world, transport, folder, traits }: Pick<TransportBench, 'world' | 'transport' | 'folder' | 'traits'>) {
    this.world = world;
    this.traits = traits;
    this.transport = transport;
    this.folder = folder;
    this.sealer = createSealer({ stateDir: join(folder, '.state') });
  }

  /** Put away when the test is over. */
  static async open(subject: TransportSubject): Promise<TransportBench> {
    const world = await subject.create();
    const folder = mkdtempSync(join(tmpdir(), 'longhaul-conformance-'));
    const bench = new TransportBench({ world, transport: await world.connect(), folder, traits: traitsOf(subject) });
    onTestFinished(async () => {
      await bench.sealer[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });
    return bench;
  }

  get destination(): DestinationHands {
    return this.world.destination;
  }

  /** A destination that holds exactly the sealed set, proven as well as it can. */
  get exact(): ManifestComparison {
    return { missing: [], extra: [], mismatched: [], strength: this.traits.strength };
  }

  /** Writes a source and seals it. The same name again is the next generation of the same source. */
  async sealed(entries: readonly SourceEntry[], name = 'results'): Promise<Seal> {
    writeSource(join(this.folder, name), entries);
    return this.sealAgain(name);
  }

  async sealAgain(name = 'results'): Promise<Seal> {
    return this.sealer.seal({ source: await this.sealer.resolve(join(this.folder, name)), hashing: 'cached' });
  }

  placement({ jobId = 'job-1', epoch = 1, hostId = 'host-1', finalName = 'results' }: JobOptions = {}): Placement {
    return { jobId, epoch, hostId, finalName: finalName as RawPath };
  }

  receipt(seal: Seal, job: JobOptions = {}): Receipt {
    const { jobId, epoch, hostId } = this.placement(job);
    return {
      schemaVersion: 1, sealId: seal.id, sealDigest: seal.digest, generation: job.generation ?? 1, jobId, epoch, hostId, host: `name of ${hostId}`,
      source: displayPath(seal.source.root), sourceId: sourceIdOf(hostId, seal.source), publishedAt: NOW, totals: seal.totals,
      verified: { at: NOW, strength: 'sha256' }, run: null,
    };
  }

  publishRequest(seal: Seal, job: JobOptions = {}): PublishRequest {
    return { seal, placement: this.placement(job), receipt: this.receipt(seal, job) };
  }

  async push(seal: Seal, job: JobOptions & Omit<Partial<PushRequest>, 'seal' | 'placement'> = {}, transport: Transport = this.transport): Promise<TransportResult> {
    const { jobId: _jobId, epoch: _epoch, hostId: _hostId, finalName: _finalName, generation: _generation, ...request } = job;
    return transport.push({ ...request, seal, placement: this.placement(job) });
  }

  /** What staging holds, against the seal. */
  async compared(seal: Seal, job: JobOptions = {}, where: 'staging' | 'final' = 'staging'): Promise<ManifestComparison> {
    return compareManifest(seal, await this.transport.hashsum({ where, placement: this.placement(job), seal }));
  }

  async publish(seal: Seal, job: JobOptions = {}, transport: Transport = this.transport): Promise<PublishOutcome> {
    return transport.publish(this.publishRequest(seal, job));
  }

  /** Push, verify, publish: all must go well. */
  async deliver(seal: Seal, job: JobOptions = {}): Promise<void> {
    expect(await this.push(seal, job)).toMatchObject({ ok: true, errorKind: null });
    expect(await this.compared(seal, job)).toEqual(this.exact);
    expect(await this.publish(seal, job)).toEqual({ kind: 'published' });
  }

  /** The content of a file of a result, as text. */
  async text(path: string, finalName = 'results'): Promise<string | undefined> {
    return (await this.destination.read(joinRaw(finalName as RawPath, path as RawPath)))?.toString();
  }

  /** What lies in `.longhaul-incoming` beside the folders that always are. */
  async leftovers(): Promise<readonly string[]> {
    const root = '.longhaul-incoming';
    return (await this.destination.list(root as RawPath)).filter((path) => path !== root && path !== `${root}/.locks`);
  }
}
