import { createHash } from 'node:crypto';
import { sourceIdOf } from '../protocol/source-id.ts';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import type { SealedFile } from '../seal.ts';
import { batchOf } from '../sealing/entry-draft.ts';
import type { PushRequest } from '../transport.ts';
import type { CopyFault, CopyProgress, ShapeReport, ShapeStep } from '../worker/tasks.ts';
import { fileBatches, inLanes } from '../worker/lanes.ts';
import { inspectInPlace } from './in-place.ts';
import { PushProgress } from './push-progress.ts';
import type { PushPlan, Staged } from './push-plan.ts';
import { parentFolders, planPush } from './push-plan.ts';
import type { Staging } from './staging.ts';
import { stagedEntries } from './tree-listing.ts';

const BATCH = { files: 256, bytes: 64 << 20 };
/** What file systems without hard links say, and what a full inode says: a copy does as well. */
const LINK_REFUSALS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'];

/** What a push has done, before it becomes a TransportResult. */
export interface PushReport {
  readonly fault: CopyFault | null;
  readonly bytesSent: number;
  readonly modesRefused: number;
}

/** One call of push, after the claim: lists, plans, and does what the plan says. */
export class PushRun {
  readonly #staging: Staging;
  readonly #request: PushRequest;
  readonly #progress: PushProgress;
  #reflink: 'try' | 'off' = 'try';
  #modesRefused = 0;
  #fault: CopyFault | null = null;

  constructor(staging: Staging, request: PushRequest) {
    this.#staging = staging;
    this.#request = request;
    this.#progress = new PushProgress(request);
  }

  /** So far; also of a run that was called off. */
  get bytesSent(): number {
    return this.#progress.bytesSent;
  }

  async run(): Promise<PushReport> {
    const { folder, layout } = this.#staging;
    await folder.makeFolder(layout.tree);
    await folder.makeFolder(layout.partial);
    const plan = await this.#plan();
    this.#progress.there(plan.complete);
    const { removals, folders } = plan;
    await this.#shape([
      ...parentFolders(removals).map((path) => ({ do: 'folder', path }) as const),
      ...removals.map((path) => ({ do: 'remove', path }) as const),
      ...folders.map((path) => ({ do: 'folder', path }) as const),
    ]);
    await this.#copy([...plan.copies, ...(await this.#link(reuseLinks(plan, folder.absolute(this.#request.placement.finalName))))]);
    await this.#copy(await this.#link(plan.links.map(({ file, to }) => ({ file, from: `${this.#tree}/${to}` }))));
    await this.#shape(plan.symlinks.map(({ path, target, mtimeNs }) => ({ do: 'symlink', path, target, mtimeNs, partial: partialName(path, target) })));
    await this.#shape(plan.attributes.map(({ path, mode, mtimeNs }) => ({ do: 'attributes', path, mode, mtimeNs })));
    return { fault: this.#fault, bytesSent: this.#progress.bytesSent, modesRefused: this.#modesRefused };
  }

  get #tree(): string {
    return this.#staging.folder.absolute(this.#staging.layout.tree);
  }

  get #partial(): string {
    return this.#staging.folder.absolute(this.#staging.layout.partial);
  }

  async #plan(): Promise<PushPlan> {
    const { seal, repeat = [], signal } = this.#request;
    const staged = await stagedEntries(this.#staging.pool, this.#tree, signal);
    return planPush({ seal, staged, inPlace: await this.#inPlace(), repeat: new Set(repeat) });
  }

  /** What lies under the final name, if it is an earlier generation of the same source. */
  async #inPlace(): Promise<Staged> {
    const { folder, pool, placement } = this.#staging;
    const found = await inspectInPlace(folder, placement.finalName);
    const isOurs = found.kind === 'receipt' && found.receipt.sourceId === sourceIdOf(placement.hostId, this.#request.seal.source);
    return isOurs ? stagedEntries(pool, folder.absolute(placement.finalName), this.#request.signal) : new Map();
  }

  async #copy(files: readonly SealedFile[]): Promise<void> {
    if (this.#fault !== null || files.length === 0) return;
    const { pool } = this.#staging;
    const { bandwidth, signal } = this.#request;
    const stop = new AbortController();
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    // One lane under a limit: two would have to share it.
    await inLanes(fileBatches(files, BATCH), bandwidth === undefined ? pool.size : 1, async (batch) => {
      if (this.#fault !== null) return;
      try {
        const report = await pool.run(this.#copyTask(batch), { onPart: (part: CopyProgress) => this.#progress.copied(part), signal: either });
        this.#modesRefused += report.modesRefused;
        this.#reflink = report.reflink;
        this.#fault ??= report.fault;
        if (report.fault !== null) stop.abort();
      } catch (error) {
        if (!stop.signal.aborted || signal?.aborted === true) throw error;
      }
    });
  }

  #copyTask(batch: readonly SealedFile[]): Parameters<Staging['pool']['run']>[0] & { readonly kind: 'copy' } {
    const { seal, placement, bandwidth } = this.#request;
    return {
      kind: 'copy',
      sourceRoot: seal.source.root,
      treeRoot: this.#tree,
      partialRoot: this.#partial,
      files: batchOf(batch),
      partials: batch.map((file) => partialName(file.path, file.sha256)),
      reflink: this.#reflink,
      bandwidth: bandwidth ?? null,
      fence: { folder: this.#staging.folder.absolute(this.#staging.layout.job), epoch: placement.epoch },
    };
  }

  /** Gives the files that cannot be linked here and must be copied instead. */
  async #link(links: readonly FileLink[]): Promise<readonly SealedFile[]> {
    const steps = links.map(({ file, from }): ShapeStep => ({ do: 'link', path: file.path, from, partial: partialName(file.path, file.sha256) }));
    const report = await this.#tryShape(steps);
    const done = links.slice(0, report?.done ?? 0).map(({ file }) => file);
    this.#progress.there(done);
    if (report?.fault == null) return [];
    // ENOENT: the result in place went away meanwhile; copy what it would have given.
    if (LINK_REFUSALS.includes(report.fault.code) || report.fault.code === 'ENOENT') return links.slice(report.done).map(({ file }) => file);
    this.#fail(report.fault);
    return [];
  }

  async #shape(steps: readonly ShapeStep[]): Promise<void> {
    const report = await this.#tryShape(steps);
    if (report?.fault != null) this.#fail(report.fault);
  }

  async #tryShape(steps: readonly ShapeStep[]): Promise<ShapeReport | null> {
    if (this.#fault !== null || steps.length === 0) return null;
    const report = await this.#staging.pool.run({ kind: 'shape', treeRoot: this.#tree, partialRoot: this.#partial, steps }, { signal: this.#request.signal });
    this.#modesRefused += report.modesRefused;
    return report;
  }

  #fail(fault: NonNullable<ShapeReport['fault']>): void {
    this.#fault = { ...fault, side: 'destination', reason: 'failed' };
  }
}

interface FileLink {
  readonly file: SealedFile;
  /** Absolute, raw. */
  readonly from: string;
}

function reuseLinks({ reuses }: PushPlan, finalRoot: string): readonly FileLink[] {
  return reuses.map((file) => ({ file, from: `${finalRoot}/${file.path}` }));
}

/** Says which content of which file a partial file belongs to, so that an attempt for another content never goes on with it. */
function partialName(path: RawPath, content: string): string {
  return createHash('sha256').update(rawPathBytes(path)).update('\0').update(content, 'latin1').digest('hex').slice(0, 40);
}
