import { lstatSync } from 'node:fs';
import { installHint, TransportErrorKind } from '@longhaul/errors';
import type { Outcome, ProcessRunner } from '@longhaul/exec';
import { describeOutcome } from '@longhaul/exec';
import type { Classification, FailureFacts } from '../failures/index.ts';
import { classifyRsync } from '../failures/index.ts';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import { rsyncShellCommand } from '../ssh/ssh-options.ts';
import type { TransferProgress, TransportResult } from '../transport.ts';
import { bytesWritten } from './bytes-written.ts';
import { partReader } from './field-reader.ts';
import { PushPosition } from './push-position.ts';
import { PushReports } from './push-reports.ts';
import type { PushedContent } from './pushed-content.ts';
import type { RemoteHost } from './remote-host.ts';
import type { RsyncCall } from './rsync-arguments.ts';
import { carriedBy, enteringFolder, filesFrom, rsyncArguments } from './rsync-arguments.ts';
import { parseRsyncLine } from './rsync-output.ts';

/** Where the prepared folders are, absolute paths at the destination. */
export type PreparedFolders = Pick<RsyncCall, 'tree' | 'partialDir' | 'pushDir' | 'linkDest'>;

/** What rsync prints for a person is kept up to this; the position is read as it comes. Bytes. */
const KEPT_OUTPUT = 16 * 1024;

/** One run of rsync. */
export class RsyncRun {
  readonly #host: RemoteHost;
  readonly #runner: ProcessRunner;
  readonly #request: PushedContent;
  readonly #position: PushPosition;
  readonly #paths: readonly RawPath[];
  #pid: number | null = null;
  readonly #reports: PushReports;

  constructor({ host, runner, request }: { readonly host: RemoteHost; readonly runner: ProcessRunner; readonly request: PushedContent }) {
    this.#host = host;
    this.#runner = runner;
    this.#request = request;
    this.#paths = request.repeat ?? request.listing.entries.map(({ path }) => path);
    this.#position = new PushPosition(request.listing, this.#paths);
    this.#reports = new PushReports(request);
  }

  /** The file that was being sent at the end, if any. */
  get currentFile(): RawPath | null {
    return this.#position.currentFile;
  }

  /** `failuresAtFile`: how often the connection broke while this same file was on its way, this time included. */
  async run(folders: PreparedFolders, failuresAtFile: (file: RawPath | null) => number): Promise<TransportResult> {
    if (this.#paths.length === 0) return this.#succeeded(null, '');
    const outcome = await this.#rsync(folders);
    const stderr = outcome.stderr.text;
    if (outcome.kind === 'exited' && outcome.exitCode === 0) return this.#succeeded(outcome, stderr);
    return this.#failed(outcome, failuresAtFile(this.#position.currentFile));
  }

  async #rsync(folders: PreparedFolders): Promise<Outcome> {
    const { listing, signal, bandwidth, repeat } = this.#request;
    const { destination, facts } = this.#host;
    const ssh = await this.#host.connection.arguments('shared');
    const source = sourceFolder(listing.source.root);
    const args = rsyncArguments(
      {
        ssh,
        target: destination.target,
        ...folders,
        rsyncThere: facts?.isRsyncOnPath === false && facts.rsync !== null ? facts.rsync : 'rsync',
        ...(bandwidth === undefined ? {} : { bandwidth }),
        unchanged: repeat === undefined ? 'by-time' : 'by-content',
        carry: carriedBy(listing.entries),
        source: source.argument,
      },
      rsyncShellCommand(['ssh', ...ssh]),
    );
    const process = await this.#runner.spawn({
      ...source.command(args),
      env: { set: { LC_ALL: 'C' }, unset: RSYNC_VARIABLES },
      stdin: { bytes: filesFrom(this.#paths) },
      stdout: { maxBytes: KEPT_OUTPUT, onChunk: this.#reader() },
      stderr: { maxBytes: 1024 * 1024 },
      drainMs: 500,
      ...(signal === undefined ? {} : { signal }),
    });
    this.#pid = process.pid;
    this.#reports.process(process.pid);
    return process.outcome;
  }

  #reader(): (chunk: Uint8Array) => void {
    const read = partReader('\n or \r', (line) => {
      const parsed = parseRsyncLine(line);
      if (parsed !== null) this.#position.accept(parsed);
    });
    return (chunk) => {
      read(chunk);
      this.#reports.onTheWay(() => this.#progress());
    };
  }

  #progress(): TransferProgress {
    const written = this.#pid === null ? null : bytesWritten(this.#pid);
    if (written !== null) this.#position.noteSent(written);
    return this.#position.progress();
  }

  #succeeded(outcome: Outcome | null, stderr: string): TransportResult {
    this.#position.finish();
    this.#request.onProgress?.(this.#position.progress());
    return { ok: true, errorKind: null, stderr, stdout: outcome?.stdout.text ?? '', returncode: 0, evidence: null, hint: null, retryAfterMs: null, bytesSent: this.#position.bytesSent };
  }

  async #failed(outcome: Outcome, failuresAtSameFile: number): Promise<TransportResult> {
    const returncode = codeOf(outcome);
    const base = { stderr: outcome.stderr.text, stdout: outcome.stdout.text, returncode, retryAfterMs: null, bytesSent: this.#position.bytesSent };
    const failure = (classification: Pick<Classification, 'kind' | 'evidence' | 'hint'>): TransportResult => {
      const { kind, evidence, hint } = classification;
      return { ...base, ok: false, errorKind: kind, evidence, hint };
    };
    if (outcome.kind === 'notFound') return failure({ kind: null, evidence: 'rsync is not installed on this machine', hint: installHint('rsync') });
    if (outcome.kind === 'spawnFailed') return failure({ kind: TransportErrorKind.CONFIG, evidence: describeOutcome(outcome), hint: null });
    if (outcome.kind === 'cancelled') return failure({ kind: TransportErrorKind.INTERRUPTED, evidence: 'the push was called off', hint: null });
    const facts: FailureFacts = { ...this.#host.failureFacts(), failuresAtSameFile, sourceMissing: this.#isSourceMissing(base.stderr) };
    const verdict = classifyRsync({ returncode, stderr: base.stderr, stdout: base.stdout, facts });
    // rsync is missing there, or was looked for in the wrong place.
    if (!verdict.ok && verdict.kind === null) this.#host.forgetFacts();
    if (verdict.ok) return { ...this.#succeeded(outcome, base.stderr), returncode, evidence: verdict.evidence };
    return failure(await this.#host.explain(await this.#lostConnection(verdict)));
  }

  /** Silence at 255 is a killed command there, unless the shared connection has gone: its master does not speak to us. */
  async #lostConnection(verdict: Classification): Promise<Classification> {
    if (verdict.rule !== 'rsync.255-silent' || (await this.#host.connection.check()) === 'open') return verdict;
    return { ...verdict, kind: TransportErrorKind.NETWORK, evidence: `the shared ssh connection to ${this.#host.destination.target} was lost`, hint: null };
  }

  /** What code 3 and 24 mean is seen at the source: its folder, or the files that rsync missed. */
  #isSourceMissing(stderr: string): boolean {
    const { root } = this.#request.listing.source;
    if (!exists(rawPathBytes(root))) return true;
    const vanished = [...stderr.matchAll(/^file has vanished: "(.*)"$/gm)].map(([, path = '']) => path);
    return vanished.length > 0 && vanished.every((path) => !exists(Buffer.from(path)));
  }
}

/** A user's settings for their own rsync would change what is sent, and how. */
const RSYNC_VARIABLES = ['RSYNC_RSH', 'RSYNC_PARTIAL_DIR', 'RSYNC_PROTECT_ARGS', 'RSYNC_OLD_ARGS', 'RSYNC_ICONV', 'RSYNC_CHECKSUM_LIST', 'RSYNC_COMPRESS_LIST', 'RSYNC_CONNECT_PROG', 'RSYNC_PROXY', 'RSYNC_SHELL', 'RSYNC_PASSWORD', 'RSYNC_PORT', 'RSYNC_MAX_ALLOC'];

interface SourceFolder {
  readonly argument: string;
  readonly command: (args: readonly string[]) => { readonly program: string; readonly args: readonly string[] };
}

/** An argument of Node's is text; a folder whose name is no UTF-8 is entered by a shell, which becomes rsync. */
function sourceFolder(root: RawPath): SourceFolder {
  const bytes = rawPathBytes(root);
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return { argument: text.endsWith('/') ? text : `${text}/`, command: (args) => ({ program: 'rsync', args }) };
  return { argument: './', command: (args) => enteringFolder(root, 'exec "$@"', ['rsync', ...args]) };
}

function codeOf(outcome: Outcome): number {
  const signals: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
  if (outcome.kind === 'exited') return outcome.exitCode;
  if (outcome.kind === 'signalled') return 128 + (signals[outcome.signal] ?? 0);
  return 'exitCode' in outcome && outcome.exitCode !== null ? outcome.exitCode : 20;
}

function exists(path: Buffer): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
