import { isLonghaulError, TransportError } from '@longhaul/errors';
import { rawPathBytes } from '../raw-path.ts';
import type { TransportResult } from '../transport.ts';
import { parseRefusal, refusalKind } from './claim-refusal.ts';
import { placementValues, pushFolder, sourceLine } from './placement-values.ts';
import type { PreparedFolders } from './push-run.ts';
import type { PushedContent } from './pushed-content.ts';
import type { RemoteHost } from './remote-host.ts';
import { CLAIM_SCRIPT } from './scripts/claim-script.ts';
import { PREPARE_SCRIPT } from './scripts/push-script.ts';

/** The folders of a push, and whether its tree was made just now and gives no group of its own to what comes into it. */
export interface Prepared extends PreparedFolders {
  readonly treeState: 'new' | 'old';
}

/** Claims the job's staging folder and makes it ready; whatever an earlier push left running there is ended. @throws TransportError */
export async function prepared(host: RemoteHost, { placement, listing, signal }: PushedContent): Promise<Prepared | TransportResult> {
  const values = placementValues(placement);
  const fields = await host.call({
    doing: 'preparing the push',
    scripts: [CLAIM_SCRIPT, PREPARE_SCRIPT],
    values: { ...values, source_line: sourceLine(placement.hostId, listing.source) },
    signal,
  });
  const refusal = parseRefusal(fields);
  if (refusal !== null) return { ...NOT_SENT, errorKind: refusalKind(refusal), stderr: `${refusal.evidence}\n`, evidence: refusal.evidence, hint: null };
  const [, root = '', canLink, treeState] = fields;
  const at = (path: string): string => `${textOf(root, host)}/${path}`;
  const job = String(values['J']);
  const final = rawPathBytes(placement.finalName);
  const nonce = String(values['nonce']);
  return {
    tree: at(`${job}/tree`),
    partialDir: at(`${job}/partial`),
    pushDir: at(pushFolder(placement, nonce)),
    treeState: treeState === 'new' ? 'new' : 'old',
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

/** What a push says that ended before rsync ran. Anything but a TransportError is a defect and passes. */
export function failedPush(error: unknown): TransportResult {
  if (!isLonghaulError(error) || !(error instanceof TransportError)) throw error;
  const evidence = typeof error.context['evidence'] === 'string' ? error.context['evidence'] : error.message;
  return { ...NOT_SENT, errorKind: error.errorKind, stderr: `${error.message}\n`, evidence, hint: error.hint };
}

export const NOT_SENT = { ok: false, stdout: '', returncode: 1, retryAfterMs: null, bytesSent: 0 } as const;

/** What a push says that brought everything; `bytesSent` is to be added. */
export const SENT = { ok: true, errorKind: null, stderr: '', stdout: '', returncode: 0, evidence: null, hint: null, retryAfterMs: null } as const;
