import { createHash } from 'node:crypto';
import { isLonghaulError, TransportError, TransportErrorKind } from '@longhaul/errors';
import { joinRaw } from '../raw-path.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, rawPathBytes } from '../raw-path.ts';
import type { PushRequest, TransportResult } from '../transport.ts';
import type { ClaimOutcome, EpochStaging } from './epoch-staging.ts';
import { beginInPlace } from './make-in-place.ts';
import { decidesByTime, PushRun } from './push-run.ts';
import { EVERY_ENCODING, pathFault } from './standard-names.ts';

/** Fenced: whoever is woken late loses by design. Locked: waits, like for a line that is down. Conflict: needs a person. */
const REFUSED: Readonly<Record<'fenced' | 'locked' | 'conflict', TransportErrorKind>> = {
  fenced: TransportErrorKind.INTERRUPTED,
  locked: TransportErrorKind.NETWORK,
  conflict: TransportErrorKind.CONFIG,
};

/** Claims, prepares the place, sends. @throws TransportError before anything is sent */
export async function push(staging: EpochStaging, request: PushRequest): Promise<TransportResult> {
  const { folder } = staging;
  if (request.signal?.aborted === true) throw calledOff();
  await assertUsable(staging, request);
  await folder.assertThere(request.signal);
  const claim = await staging.claim({ tree: 'list', times: decidesByTime(folder) ? 'ask' : 'skip', signal: request.signal });
  if (claim.kind !== 'claimed') return refusedPush(REFUSED[claim.kind], claim.evidence);
  const content = folder.facts.publishes === 'by-moving' ? await prepareTree(staging, { claim, request }) : await beginInPlace(staging, request);
  if (typeof content !== 'string' && content.kind !== 'begun') return refusedPush(REFUSED[content.kind], content.evidence);
  const how = typeof content === 'string' ? content : content.content;
  const strength = await folder.strength(request.signal);
  const run = new PushRun({ staging, request, content: how === 'emptied' ? 'this-seal' : how, verifies: strength === 'size' ? 'size' : 'content', listed: how === 'emptied' ? null : claim.listed });
  return run.run();
}

/**
 * Where a remote keeps no times, a file of the right size may be that of an earlier seal of the job: a mark tells which seal the tree is of, and another
 * one's tree is deleted before the mark is written.
 */
async function prepareTree({ folder, layout }: EpochStaging, { claim, request }: { readonly claim: Extract<ClaimOutcome, { kind: 'claimed' }>; readonly request: PushRequest }): Promise<'this-seal' | 'other' | 'emptied'> {
  const { seal, signal } = request;
  if (folder.facts.timePrecisionNs !== null) return 'other';
  const mark = `seal.${createHash('sha256').update(seal.digest).digest('hex').slice(0, 32)}` as RawPath;
  const names = claim.names ?? [...((await folder.list(layout.job, { depth: 'one', signal }))?.keys() ?? [])];
  if (names.includes(mark)) return 'this-seal';
  if (claim.tree === 'present') await folder.removeFolder(layout.tree, signal);
  await folder.removeFiles(layout.job, names.filter((name) => name.startsWith('seal.')), signal);
  await folder.write(joinRaw(layout.job, mark), `${seal.id}\n`);
  return 'emptied';
}

/** Arguments of programs are text, and names at a remote are what rclone writes for them. */
async function assertUsable({ folder, placement }: EpochStaging, { seal }: PushRequest): Promise<void> {
  const root = rawPathBytes(seal.source.root);
  if (!Buffer.from(root.toString()).equals(root)) {
    throw new TransportError(`the path of the source, "${displayPath(seal.source.root)}", is no UTF-8`, { errorKind: TransportErrorKind.CONFIG, hint: 'rclone cannot be told such a path; rename the folder, or use type: local or rsync_ssh' });
  }
  if (pathFault(placement.finalName, EVERY_ENCODING) && pathFault(placement.finalName, (await folder.kind()).encoding)) {
    throw new TransportError(`${folder.program.destination.remote} cannot hold the final name "${displayPath(placement.finalName)}"`, { errorKind: TransportErrorKind.CONFIG, hint: 'Give another name with --as, or `as:` in longhaul.yaml' });
  }
}

function refusedPush(errorKind: TransportErrorKind, evidence: string): TransportResult {
  return { ...NOT_SENT, errorKind, stderr: `${evidence}\n`, evidence, hint: null };
}

/** What a push says that ended by an error. Anything but a TransportError is a defect and passes. */
export function failedPush(error: unknown, signal: AbortSignal | undefined): TransportResult {
  const known = signal?.aborted === true ? calledOff() : error;
  if (!isLonghaulError(known) || !(known instanceof TransportError)) throw error;
  const evidence = typeof known.context['evidence'] === 'string' ? known.context['evidence'] : known.message;
  return { ...NOT_SENT, errorKind: known.errorKind, stderr: `${known.message}\n`, evidence, hint: known.hint };
}

function calledOff(): TransportError {
  return new TransportError('the push was called off', { errorKind: TransportErrorKind.INTERRUPTED });
}

const NOT_SENT = { ok: false, stdout: '', returncode: 1, retryAfterMs: null, bytesSent: 0 } as const;
