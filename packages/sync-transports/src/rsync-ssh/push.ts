import { isLonghaulError, TransportError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import type { ListedFile } from '../seal.ts';
import type { TransportResult } from '../transport.ts';
import { parseRefusal, refusalKind } from './claim-refusal.ts';
import { channelCount } from './hash-batches.ts';
import { placementValues, pushFolder, sourceLine } from './placement-values.ts';
import type { PreparedFolders, RsyncPush } from './push-run.ts';
import { RsyncRun } from './push-run.ts';
import type { RemoteHost } from './remote-host.ts';
import { CLAIM_SCRIPT } from './scripts/claim-script.ts';
import { PREPARE_SCRIPT } from './scripts/push-script.ts';

export interface Pusher {
  readonly host: RemoteHost;
  readonly runner: ProcessRunner;
  readonly failures: StuckFiles;
}

/** Claim, prepare the staging folder, run rsync. Failures are results. */
export async function push({ host, runner, failures }: Pusher, request: RsyncPush): Promise<TransportResult> {
  const { placement, signal } = request;
  const folders = await prepared(host, request);
  if ('ok' in folders) return folders;
  await host.shells.open(signal);
  // While rsync runs: hashing follows, and need not wait for logins then.
  host.shells.warm(channelsAfter(host, request));
  const run = new RsyncRun({ host, runner, request });
  const result = await run.run(folders, (file) => failures.count(placement.jobId, file));
  if (result.ok) failures.forget(placement.jobId);
  return result;
}

function channelsAfter({ facts }: RemoteHost, { listing }: RsyncPush): number {
  return facts === null ? 1 : channelCount(listing.entries.filter((entry): entry is ListedFile => entry.type === 'file'), facts);
}

/** What a push says that ended before rsync ran. Anything but a TransportError is a defect and passes. */
export function failedPush(error: unknown): TransportResult {
  if (!isLonghaulError(error) || !(error instanceof TransportError)) throw error;
  const evidence = typeof error.context['evidence'] === 'string' ? error.context['evidence'] : error.message;
  return { ...NOT_SENT, errorKind: error.errorKind, stderr: `${error.message}\n`, evidence, hint: error.hint };
}

const NOT_SENT = { ok: false, stdout: '', returncode: 1, retryAfterMs: null, bytesSent: 0 } as const;

async function prepared(host: RemoteHost, { placement, listing, signal }: RsyncPush): Promise<PreparedFolders | TransportResult> {
  const values = placementValues(placement);
  const fields = await host.call({
    doing: 'preparing the push',
    scripts: [CLAIM_SCRIPT, PREPARE_SCRIPT],
    values: { ...values, source_line: sourceLine(placement.hostId, listing.source) },
    signal,
  });
  const refusal = parseRefusal(fields);
  if (refusal !== null) return { ...NOT_SENT, errorKind: refusalKind(refusal), stderr: `${refusal.evidence}\n`, evidence: refusal.evidence, hint: null };
  const [, root = '', canLink] = fields;
  const at = (path: string): string => `${textOf(root, host)}/${path}`;
  const job = String(values['J']);
  const final = rawPathBytes(placement.finalName);
  const nonce = String(values['nonce']);
  return {
    tree: at(`${job}/tree`),
    partialDir: at(`${job}/partial`),
    pushDir: at(pushFolder(placement, nonce)),
    // An argument of a program is text here; a final name that is none is sent whole, as a first generation.
    ...(canLink === 'yes' && isText(final) ? { linkDest: at(final.toString()) } : {}),
  };
}

function textOf(bytes: string, { destination }: RemoteHost): string {
  const buffer = Buffer.from(bytes, 'latin1');
  if (isText(buffer)) return buffer.toString();
  throw new TransportError(`the path of ${destination.path} at ${destination.target} is no UTF-8`, { errorKind: 'config', hint: 'Give the destination a folder whose path is UTF-8' });
}

function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
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
