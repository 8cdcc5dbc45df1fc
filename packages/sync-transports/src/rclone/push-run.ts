import { lstatSync } from 'node:fs';
import { count, TransportErrorKind } from '@longhaul/errors';
import type { Outcome } from '@longhaul/exec';
import { processStartTime } from '@longhaul/exec';
import type { Classification } from '../failures/index.ts';
import { METADATA } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw, rawPathBytes } from '../raw-path.ts';
import type { SealedFile } from '../seal.ts';
import type { PushRequest, TransportResult } from '../transport.ts';
import type { EpochStaging } from './epoch-staging.ts';
import { freeBytes } from './probe.ts';
import { pruneInPlace } from './prune.ts';
import type { PushPlan } from './push-plan.ts';
import { planPush, remoteName } from './push-plan.ts';
import { codeOf } from './rclone-program.ts';
import { logText } from './json-log.ts';
import { filesFrom } from './remote-folder.ts';
import type { RemoteFolder, RemoteItem, RemoteTree } from './remote-folder.ts';
import { checkSource } from './source-check.ts';
import type { SourceFault } from './source-check.ts';
import { TransferPosition } from './transfer-position.ts';

/** Milliseconds between two reports of progress: a person reads no faster, and each is a write to the queue. */
const REPORT_EVERY_MS = 200;

export interface PushOptions {
  readonly staging: EpochStaging;
  readonly request: PushRequest;
  /** Whether all that lies in the tree is of this seal, so that a file of the right size is the right one. */
  readonly content: 'this-seal' | 'other';
  /** Where verification will compare sizes alone, rclone compares hashes while it copies, and nothing of doubtful origin is left. */
  readonly verifies: 'content' | 'size';
  /** The tree, where it was listed just now. */
  readonly listed: RemoteTree | null;
}

/** One push: looks at what is there, sends the rest. */
export class PushRun {
  readonly #options: PushOptions;
  #position: TransferPosition | null = null;
  #reportedAt = 0;

  constructor(options: PushOptions) {
    this.#options = options;
  }

  get bytesSent(): number {
    return this.#position?.bytesSent ?? 0;
  }

  async run(): Promise<TransportResult> {
    const { request } = this.#options;
    const plan = await this.#plan();
    const position = new TransferPosition(request.seal, plan.done);
    this.#position = position;
    request.onProgress?.(position.progress());
    const before = await checkSource(request.seal.source, plan.files);
    if (before !== null) return this.#sourceFault(before);
    await this.#makeWay(plan);
    const outcome = plan.files.length === 0 ? null : await this.#copy(plan.files, position);
    if (outcome !== null && !(outcome.kind === 'exited' && outcome.exitCode === 0)) return this.#failed(outcome, plan);
    const left = await this.#leftOut(plan, position);
    if (left !== null) return left;
    await this.#shape(plan);
    position.finish();
    request.onProgress?.(position.progress());
    return { ok: true, errorKind: null, stderr: outcome === null ? '' : logText(outcome.stderr.text), stdout: notes(this.#options, plan), returncode: 0, evidence: null, hint: null, retryAfterMs: null, bytesSent: position.bytesSent };
  }

  get #decides(): 'by-time' | 'by-size' | 'ask-rclone' | 'none' {
    const { staging, content, verifies } = this.#options;
    const { timePrecisionNs, publishes } = staging.folder.facts;
    if (timePrecisionNs !== null) return decidesByTime(staging.folder) ? 'by-time' : 'ask-rclone';
    return content === 'this-seal' && (publishes === 'by-moving' || verifies === 'content') ? 'by-size' : 'none';
  }

  async #plan(): Promise<PushPlan> {
    const { staging, request } = this.#options;
    const { seal, repeat, signal } = request;
    const { facts } = staging.folder;
    const decides = this.#decides;
    const there = this.#options.listed ?? (await staging.folder.list(staging.tree, { depth: 'all', times: decides === 'by-time' ? 'ask' : 'skip', signal })) ?? new Map<RawPath, RemoteItem>();
    return planPush({ seal, there, complete: decides, precisionNs: facts.timePrecisionNs ?? 0, folders: facts.folders, repeat });
  }

  async #makeWay({ removals }: PushPlan): Promise<void> {
    const { staging, request } = this.#options;
    if (removals.length > 0 && staging.folder.facts.publishes === 'in-place') return pruneInPlace(staging.folder, staging.tree, { at: removals.map(({ path }) => path), signal: request.signal });
    for (const { path, type } of removals) {
      if (type === 'dir') await staging.folder.removeFolder(joinRaw(staging.tree, path), request.signal);
      else await staging.folder.removeFile(joinRaw(staging.tree, path));
    }
  }

  async #copy(files: readonly SealedFile[], position: TransferPosition): Promise<Outcome> {
    const { staging, request, verifies } = this.#options;
    const { program } = staging.folder;
    const { transfers } = program.destination;
    const { bandwidth, signal } = request;
    const asksRclone = this.#decides === 'ask-rclone' && request.repeat === undefined;
    const process = await program.spawn({
      args: [
        'copy',
        '--files-from-raw=-',
        '--stats=1s',
        // Says which files it has sent; what it leaves out it does not say.
        '-v',
        ...(asksRclone ? [] : ['--ignore-times']),
        // The seal's hash is compared afterwards, whatever this would have found; over SFTP it costs a command for each file (design §5.2).
        ...(verifies === 'content' ? ['--ignore-checksum', '--sftp-disable-hashcheck'] : []),
        ...(transfers === undefined ? [] : [`--transfers=${String(transfers)}`]),
        ...(bandwidth === undefined ? [] : [`--bwlimit=${String(Math.max(1, Math.floor(bandwidth)))}B`]),
        '--',
        rawPathBytes(request.seal.source.root).toString(),
        program.at(staging.tree),
      ],
      input: Buffer.from(filesFrom(files.map(({ path }) => path))),
      onLog: (line) => {
        position.accept(line);
        this.#report(position);
      },
      signal,
    });
    const startTime = process.pid === null ? null : processStartTime(process.pid);
    if (process.pid !== null && startTime !== null) request.onProcess?.({ pid: process.pid, startTime });
    return process.outcome;
  }

  /** Symlinks and empty folders, in one call. */
  async #shape({ symlinks, folders }: PushPlan): Promise<void> {
    if (symlinks.length === 0 && folders.length === 0) return;
    const { staging, request } = this.#options;
    await staging.folder.writeAll(staging.tree, { files: symlinks.map((link) => ({ path: remoteName(link), content: rawPathBytes(link.target) })), folders, signal: request.signal });
  }

  /** rclone ended with 0 and did not say of every file that it has sent it. */
  async #leftOut({ files }: PushPlan, { copied }: TransferPosition): Promise<TransportResult | null> {
    const unsaid = files.filter(({ path }) => !copied.has(path));
    if (unsaid.length === 0) return null;
    const fault = await checkSource(this.#options.request.seal.source, unsaid);
    if (fault !== null) return this.#sourceFault(fault);
    // Where it compares by itself, what is unchanged is passed over in silence; verification has the last word.
    if (this.#decides === 'ask-rclone') return null;
    return this.#failure({ kind: TransportErrorKind.UNKNOWN, evidence: `rclone left out "${displayPath(unsaid[0]?.path ?? ('' as RawPath))}" without a word`, hint: 'Try it again; if it stays so, a newer rclone may help' }, 0);
  }

  async #failed(outcome: Outcome, { files }: PushPlan): Promise<TransportResult> {
    const { staging, request } = this.#options;
    const { program } = staging.folder;
    const { root } = request.seal.source;
    const sourceMissing = lstatSync(rawPathBytes(root), { throwIfNoEntry: false }) === undefined;
    const first = program.classify(outcome, { sourceMissing });
    const stderr = outcome.stderr.text;
    if (first.rule === 'rclone.sftp-failure' && (await this.#isFull(files))) return this.#failure(program.classify(outcome, { destinationFull: true }), codeOf(outcome), stderr);
    if (first.kind === TransportErrorKind.UNKNOWN || first.kind === TransportErrorKind.CONFIG) {
      const fault = await checkSource(request.seal.source, files);
      if (fault !== null) return this.#sourceFault(fault, stderr);
    }
    return this.#failure(first, codeOf(outcome), stderr);
  }

  /** SFTP has one word for all that goes wrong on a disk (failures.md): whether it is full, the disk is asked. */
  async #isFull(files: readonly SealedFile[]): Promise<boolean> {
    const free = await freeBytes(this.#options.staging.folder.program, this.#options.request.signal).catch(() => null);
    const largest = files.reduce((most, { size }) => Math.max(most, size), 0);
    return free !== null && free.freeBytes !== null && free.freeBytes < largest;
  }

  #sourceFault({ path, problem }: SourceFault, stderr = ''): TransportResult {
    const shown = displayPath(path);
    if (problem === 'missing') return this.#failure({ kind: TransportErrorKind.LOCAL_FILE_VANISHED, evidence: `sealed file "${shown}" is gone from the source`, hint: 'Put it back, or push the source again without it' }, 1, stderr);
    return this.#failure({ kind: TransportErrorKind.SOURCE_CHANGED, evidence: `source file "${shown}" is not the one that was sealed`, hint: 'It is sealed again when it has been quiet for a while' }, 1, stderr);
  }

  #failure({ kind, evidence, hint }: Pick<Classification, 'kind' | 'evidence' | 'hint'>, returncode: number, stderr = ''): TransportResult {
    const text = logText(stderr);
    return { ok: false, errorKind: kind, stderr: text === '' ? `${evidence ?? ''}\n` : text, stdout: '', returncode, evidence, hint, retryAfterMs: retryAfterMs(text), bytesSent: this.bytesSent };
  }

  #report(position: TransferPosition): void {
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#options.request.onProgress?.(position.progress());
  }
}

/** Whether times tell what is there already, at no cost. */
export function decidesByTime({ facts }: RemoteFolder): boolean {
  return facts.timePrecisionNs !== null && facts.timeCost === 'none';
}

/** What did not travel as it was, for whoever looks at the job. */
function notes({ staging, request }: PushOptions, { symlinks }: PushPlan): string {
  const { entries } = request.seal;
  const lines = [
    symlinks.length === 0 ? '' : `written as NAME.rclonelink: ${count(symlinks.length, 'symlink')}; rclone copy --links makes them symlinks again\n`,
    staging.folder.facts.folders === 'none' && entries.some(({ type }) => type === 'dir') ? `the remote holds no folders of their own: empty ones are in ${METADATA}/inventory.jsonl only\n` : '',
  ];
  return lines.join('');
}

/** What a server asked for in so many words, as rclone repeats it. Milliseconds. */
export function retryAfterMs(text: string): number | null {
  const [, seconds] = /(?:retry[- ]after|trying again in|try again in)\D{0,20}(\d{1,6})\s*(?:s\b|sec|"|$)/im.exec(text) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
