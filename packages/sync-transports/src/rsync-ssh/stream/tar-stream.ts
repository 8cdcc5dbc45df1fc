import type { Outcome, ProcessRunner } from '@longhaul/exec';
import { describeOutcome, succeeded } from '@longhaul/exec';
import { printfWord } from '../../ssh/shell-words.ts';
import type { TransferProgress } from '../../transport.ts';
import type { PushedContent } from '../pushed-content.ts';
import { PushReports } from '../push-reports.ts';
import type { PreparedFolders } from '../push-run.ts';
import type { RemoteHost } from '../remote-host.ts';
import { enteringFolder, filesFrom } from '../rsync-arguments.ts';
import { BLOCKING_FACTOR, UNPACK_WRAPPER } from '../scripts/push-script.ts';
import { StreamPosition } from './stream-position.ts';

/** tar tells its position after so many records: 1 MiB. */
const RECORDS_PER_CHECKPOINT = 8;
const RECORD_BYTES = BLOCKING_FACTOR * 512;
/** Of what each of the two says, the end is kept. Bytes. */
const KEPT_OUTPUT = 16 * 1024;

/**
 * Packs here: names on stdin, `$@` is ssh. A pipe knows one exit code only, so a tar that fails says so. What tar says goes out by stdout: ssh makes its own
 * stderr non-blocking, and another program that writes into the same one loses lines (seen). `posix` alone carries the parts of a second.
 */
const PACK_SCRIPT = `
exec 3>&1
{
  tar -c -f - -b ${String(BLOCKING_FACTOR)} --format=posix --pax-option=delete=atime,delete=ctime --no-recursion --null --no-unquote --checkpoint=${String(RECORDS_PER_CHECKPOINT)} -T - 2>&3 ||
    echo "longhaul: tar ended with code $?" >&3
} | "$@" >/dev/null 3>&-`;

/** `left`: not all of it is there, and rsync brings the rest. */
export interface StreamEnd {
  readonly kind: 'sent' | 'calledOff' | 'left';
  /** The line that told why not. */
  readonly evidence: string | null;
  readonly progress: TransferProgress;
}

/**
 * A first push as one stream: tar here, tar there, and ssh between them. For 20,000 files of 4 KiB a third of rsync's time, which compares what cannot be
 * there yet (measured: 0.4 s against 1.2). It is a head start and no more: whatever one of the two complains of ends it, and rsync
 * does the rest and says what is wrong.
 */
export class TarStream {
  readonly #host: RemoteHost;
  readonly #runner: ProcessRunner;
  readonly #request: PushedContent;
  readonly #position: StreamPosition;
  readonly #reports: PushReports;
  readonly #trouble = new AbortController();
  #evidence: string | null = null;

  constructor({ host, runner, request }: { readonly host: RemoteHost; readonly runner: ProcessRunner; readonly request: PushedContent }) {
    this.#host = host;
    this.#runner = runner;
    this.#request = request;
    this.#position = new StreamPosition(request.listing);
    this.#reports = new PushReports(request);
  }

  async run(folders: PreparedFolders): Promise<StreamEnd> {
    const outcome = await this.#stream(folders);
    const isSent = succeeded(outcome) && this.#evidence === null;
    if (isSent) this.#position.finish();
    const progress = this.#position.progress();
    if (isSent) this.#request.onProgress?.(progress);
    const kind = isSent ? 'sent' : this.#request.signal?.aborted === true ? 'calledOff' : 'left';
    return { kind, evidence: isSent ? null : (this.#evidence ?? describeOutcome(outcome)), progress };
  }

  async #stream({ pushDir, tree }: PreparedFolders): Promise<Outcome> {
    const { listing, signal } = this.#request;
    const { destination, connection } = this.#host;
    const ssh = ['ssh', ...(await connection.arguments('shared')), destination.target, unpacking(pushDir, tree)];
    const messages = { maxBytes: KEPT_OUTPUT, onLine: (line: string): void => { this.#read(line); } };
    const process = await this.#runner.spawn({
      ...enteringFolder(listing.source.root, PACK_SCRIPT, ssh),
      env: { set: { LC_ALL: 'C' }, unset: ['TAR_OPTIONS', 'POSIXLY_CORRECT'] },
      stdin: { bytes: filesFrom(listing.entries.map(({ path }) => path)) },
      stdout: messages,
      stderr: messages,
      drainMs: 500,
      signal: AbortSignal.any([this.#trouble.signal, ...(signal === undefined ? [] : [signal])]),
    });
    // The shell leads the group that all of them are in.
    this.#reports.process(process.pid);
    return process.outcome;
  }

  #read(line: string): void {
    const checkpoint = /^tar: Write checkpoint (\d+)$/.exec(line)?.[1];
    if (checkpoint !== undefined) {
      this.#position.reach(Number(checkpoint) * RECORD_BYTES);
      this.#reports.onTheWay(() => this.#position.progress());
    } else if (/^(?:\S*\/)?(?:tar|longhaul): /.test(line)) {
      // What a login shell prints of its own is no trouble.
      this.#evidence ??= line;
      this.#trouble.abort(line);
    }
  }
}

/** Words for the login shell there, whatever it is, as in rsync's path. */
function unpacking(pushDir: string, tree: string): string {
  const [wrapper, folder, into] = [UNPACK_WRAPPER, pushDir, tree].map((word) => `'${printfWord(Buffer.from(word))}'`);
  return `sh -c 'w=$1 d=$2 r=$(printf %b "$3"); eval "$(printf %b "$w")"' sh ${String(wrapper)} ${String(folder)} ${String(into)}`;
}
