import { TransportErrorKind } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import type { RawPath } from '../raw-path.ts';
import type { ListedFile } from '../seal.ts';
import type { TransferProgress, TransportResult } from '../transport.ts';
import { channelCount } from './hash-batches.ts';
import { NOT_SENT, prepared, SENT } from './prepare-push.ts';
import type { PreparedFolders } from './push-run.ts';
import { RsyncRun } from './push-run.ts';
import type { PushedContent } from './pushed-content.ts';
import type { RemoteHost } from './remote-host.ts';
import { LocalTools } from './stream/local-tools.ts';
import { isStreamable, mayStream } from './stream/streamable.ts';
import { TarStream } from './stream/tar-stream.ts';

export interface Pusher {
  readonly host: RemoteHost;
  readonly runner: ProcessRunner;
  readonly failures: StuckFiles;
}

/** Claim, prepare the staging folder, send: by one stream where nothing is there yet, else by rsync. Failures are results. */
export async function push(pusher: Pusher, request: PushedContent): Promise<TransportResult> {
  const { host, runner } = pusher;
  const tools = new LocalTools(runner);
  // While the other side prepares.
  if (mayStream(request)) void tools.areThere();
  const folders = await prepared(host, request);
  if ('ok' in folders) return folders;
  await host.shells.open(request.signal);
  // While it runs: hashing follows, and need not wait for logins then.
  host.shells.warm(channelsAfter(host, request));
  const isFirst = folders.treeState === 'new' && folders.linkDest === undefined;
  if (!isFirst || !(await isStreamable(request, { facts: host.facts, tools }))) return rsync(pusher, request, folders);
  const { kind, evidence, progress } = await new TarStream({ host, runner, request }).run(folders);
  const { bytesSent } = progress;
  if (kind === 'sent') return { ...SENT, bytesSent };
  if (kind === 'calledOff') return { ...NOT_SENT, errorKind: TransportErrorKind.INTERRUPTED, stderr: '', evidence: 'the push was called off', hint: null, bytesSent };
  // That ends whatever is left of the stream there.
  const again = await prepared(host, request);
  if ('ok' in again) return again;
  const result = await rsync(pusher, { ...request, onProgress: onwardFrom(progress, request.onProgress) }, again);
  return { ...result, stderr: `${String(evidence)}\n${result.stderr}`, bytesSent: bytesSent + result.bytesSent };
}

/** What is reached is not taken back: rsync counts from the beginning. */
function onwardFrom(from: TransferProgress, onProgress: PushedContent['onProgress']): (progress: TransferProgress) => void {
  return (progress) => onProgress?.({ ...progress, bytesDone: Math.max(progress.bytesDone, from.bytesDone), filesDone: Math.max(progress.filesDone, from.filesDone), bytesSent: progress.bytesSent + from.bytesSent });
}

async function rsync({ host, runner, failures }: Pusher, request: PushedContent, folders: PreparedFolders): Promise<TransportResult> {
  const { placement } = request;
  const run = new RsyncRun({ host, runner, request });
  const result = await run.run(folders, (file) => failures.count(placement.jobId, file));
  if (result.ok) failures.forget(placement.jobId);
  return result;
}

function channelsAfter({ facts }: RemoteHost, { listing }: PushedContent): number {
  return facts === null ? 1 : channelCount(listing.entries.filter((entry): entry is ListedFile => entry.type === 'file'), facts);
}

/** How often in a row the connection broke while one file was on its way (design §5.3: code 12 at the same file three times). */
export class StuckFiles {
  readonly #counts = new Map<string, { readonly file: RawPath | null; readonly times: number }>();

  count(jobId: string, file: RawPath | null): number {
    const before = this.#counts.get(jobId);
    const times = file !== null && before?.file === file ? before.times + 1 : 1;
    this.#counts.set(jobId, { file, times });
    return file === null ? 0 : times;
  }

  forget(jobId: string): void {
    this.#counts.delete(jobId);
  }
}
