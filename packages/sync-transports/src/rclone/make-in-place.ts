import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { publishedWith } from '../protocol/kept-name.ts';
import { judgeInPlace } from '../protocol/judge-in-place.ts';
import { CHECKSUMS_FILE, INVENTORY_FILE, METADATA, METADATA_PATHS, RECEIPT_FILE, RECEIPT_PATH } from '../protocol/layout.ts';
import { isLitter } from '../protocol/litter.ts';
import { metadataFiles } from '../protocol/metadata-files.ts';
import { sourceIdOf } from '../protocol/source-id.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import type { Seal } from '../seal.ts';
import type { PublishOutcome, PublishRequest, PushRequest } from '../transport.ts';
import type { EpochStaging } from './epoch-staging.ts';
import { inspectInPlace } from './in-place.ts';
import type { HeldFlag } from './publish-flag.ts';
import { lowerOwnFlags } from './publish-flag.ts';
import { nothingStaged } from './publish-run.ts';
import { remoteName } from './push-plan.ts';
import type { RemoteFolder, RemoteItem } from './remote-folder.ts';
import type { Ours, Unfinished } from './unfinished.ts';
import { readOurs, readUnfinished, UNFINISHED_PATHS, writeOurs, writeUnfinished } from './unfinished.ts';

/** `begun`: the final name is this job's to fill; `fresh` says whether what lies there may be of another content. */
export type BeginOutcome = { readonly kind: 'begun'; readonly content: 'this-seal' | 'other' } | Exclude<PublishOutcome, { kind: 'published' }>;

/**
 * Before the first byte goes to a final name (design §5.2: where a remote cannot rename, files go in place). The name is locked from here until the
 * publish or the removal of the job. What was there before loses its receipt first: half a result is never taken for a whole one.
 */
export async function beginInPlace(staging: EpochStaging, { seal, placement }: Pick<PushRequest, 'seal' | 'placement'>): Promise<BeginOutcome> {
  const { folder } = staging;
  const raised = await staging.raiseFlag();
  if (raised.kind !== 'held') return raised;
  try {
    const sourceId = sourceIdOf(placement.hostId, seal.source);
    const judged = await judgePlace(staging, sourceId);
    if (judged.kind !== 'free') {
      await raised.flag.lower();
      return judged;
    }
    const { unfinished, receipt } = judged;
    const wanted: Unfinished = { schemaVersion: 1, hostId: placement.hostId, jobId: placement.jobId, sourceId, source: displayPath(seal.source.root), sealDigest: seal.digest, replaced: receipt ?? unfinished?.replaced ?? null };
    if (JSON.stringify(unfinished) !== JSON.stringify(wanted)) {
      await writeOurs(folder, placement.finalName, seal);
      await writeUnfinished(folder, placement.finalName, wanted);
    }
    if (receipt !== null) await folder.removeFiles(joinRaw(placement.finalName, METADATA), [RECEIPT_FILE, CHECKSUMS_FILE, INVENTORY_FILE] as readonly string[] as readonly RawPath[]);
    return { kind: 'begun', content: unfinished?.sealDigest === seal.digest ? 'this-seal' : 'other' };
  } finally {
    // It stays raised: the next call of this claim takes it over.
    raised.flag.abandon();
  }
}

type Judged = { readonly kind: 'free'; readonly unfinished: Unfinished | null; readonly receipt: Receipt | null } | Exclude<BeginOutcome, { kind: 'begun' }>;

async function judgePlace({ folder, placement }: EpochStaging, sourceId: string): Promise<Judged> {
  const [unfinished, inPlace] = await Promise.all([readUnfinished(folder, placement.finalName), inspectInPlace(folder, placement.finalName)]);
  if (inPlace.kind === 'foreign' && unfinished !== null) {
    if (unfinished.sourceId === sourceId) return { kind: 'free', unfinished, receipt: null };
    return { kind: 'conflict', holder: null, evidence: `the final name holds the unfinished result of ${unfinished.source}` };
  }
  // Which generation is the newer one is the queue's affair before the push, and looked at again before the receipt.
  const judgement = judgeInPlace(inPlace, { sourceId, jobId: placement.jobId, sealId: '', generation: Number.MAX_SAFE_INTEGER, staging: 'tree' });
  if (judgement.kind === 'conflict' || judgement.kind === 'fenced') return judgement;
  return { kind: 'free', unfinished, receipt: inPlace.kind === 'receipt' ? inPlace.receipt : null };
}

/** Manifest and inventory, then the receipt: with it the result is published. Replayable after each step. */
export async function publishInPlace(staging: EpochStaging, request: PublishRequest): Promise<PublishOutcome> {
  const claim = await staging.claim();
  if (claim.kind === 'conflict') return { ...claim, holder: null };
  if (claim.kind !== 'claimed') return claim;
  const raised = await staging.raiseFlag();
  if (raised.kind !== 'held') return raised;
  try {
    const outcome = await finish(staging, request, raised.flag);
    // A conflict is another's place: nothing of ours stays there. What was fenced off belongs to the later claim.
    if (outcome.kind === 'fenced') raised.flag.abandon();
    else await raised.flag.lower();
    if (outcome.kind !== 'published') return outcome;
  } catch (error) {
    raised.flag.abandon();
    throw error;
  }
  return swept(staging, request.seal);
}

async function finish(staging: EpochStaging, { seal, receipt }: PublishRequest, flag: HeldFlag): Promise<PublishOutcome> {
  const { folder, placement } = staging;
  const { finalName } = placement;
  const [unfinished, inPlace] = await Promise.all([readUnfinished(folder, finalName), inspectInPlace(folder, finalName)]);
  const isOurs = unfinished?.jobId === placement.jobId && unfinished.sourceId === receipt.sourceId;
  if (inPlace.kind !== 'foreign' || !isOurs) {
    const judgement = judgeInPlace(inPlace, { ...receipt, staging: 'none' });
    if (judgement.kind === 'proceed') throw nothingStaged(placement.jobId);
    // An earlier call ended behind its receipt.
    if (judgement.kind === 'published' && unfinished !== null) await folder.removeFiles(finalName, UNFINISHED_PATHS);
    return judgement;
  }
  if (unfinished.sealDigest !== seal.digest) throw nothingStaged(placement.jobId);
  const newer = unfinished.replaced?.generation ?? 0;
  if (newer > receipt.generation) return { kind: 'fenced', evidence: `generation ${String(newer)} was in place already; this is generation ${String(receipt.generation)}` };
  const files = metadataFiles(seal, receipt).map(({ name, content }) => ({ path: name as RawPath, content }));
  const place = joinRaw(finalName, METADATA);
  await folder.writeAll(place, { files: files.filter(({ path }) => path !== RECEIPT_FILE) });
  await flag.confirm();
  await folder.writeAll(place, { files: files.filter(({ path }) => path === RECEIPT_FILE) });
  if ((await folder.entry(joinRaw(finalName, RECEIPT_PATH))) === null) throw new TransportError(`${displayPath(finalName)} did not keep its receipt`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Look at the final name: another program works there' });
  await folder.removeFiles(finalName, UNFINISHED_PATHS);
  return { kind: 'published' };
}

async function swept(staging: EpochStaging, seal: Seal): Promise<PublishOutcome> {
  try {
    if ((await staging.fence()) === null) await staging.removeJob();
    return publishedWith([await othersText(staging, seal)]);
  } catch (error) {
    return { kind: 'published', leftover: error instanceof Error ? error.message : String(error) };
  }
}

/** Files under the result's name that are not of this result: nobody deletes them, the job's history says so. null: none. */
async function othersText({ folder, placement }: EpochStaging, { entries }: Seal): Promise<string | null> {
  const sealed = new Set(entries.map(remoteName));
  const there = (await folder.list(placement.finalName, { depth: 'all' })) ?? new Map<RawPath, RemoteItem>();
  const others = [...there].flatMap(([path, { type }]) => (type === 'file' && !sealed.has(path) && !isLitter(path) && !path.startsWith(`${METADATA}/`) ? [path] : []));
  const [first] = others;
  if (first === undefined) return null;
  return `${displayPath(placement.finalName)} holds entries that are not of this result (${String(others.length)}, among them "${displayPath(first)}"); nothing of them was deleted`;
}

/** What says which files are ours goes last. */
async function clearUnfinished(folder: RemoteFolder, finalName: RawPath, ours: Ours): Promise<void> {
  const files = [...((await folder.list(finalName, { depth: 'all' })) ?? new Map<RawPath, RemoteItem>())].filter(([, { type }]) => type === 'file');
  const isOwn = ([path, { size }]: readonly [RawPath, RemoteItem]): boolean => METADATA_PATHS.includes(path) || UNFINISHED_PATHS.includes(path) || ours.files.get(path)?.some((file) => file.size === size) === true;
  if (files.every(isOwn)) return folder.removeFolder(finalName);
  const own = files.filter(isOwn).map(([path]) => path);
  await folder.removeFiles(finalName, own.filter((path) => !UNFINISHED_PATHS.includes(path)));
  if (folder.facts.folders === 'real') await folder.removeEmptyFolders(finalName);
  await folder.removeFiles(finalName, UNFINISHED_PATHS);
}

/**
 * For a job that is given up: what it has put where nothing was before is deleted, and nothing that others have put beside it. Where it was about to replace an
 * earlier result, the files stay, without a receipt and with the mark that they are none.
 */
export async function removeInPlace(staging: EpochStaging): Promise<void> {
  const { folder, placement } = staging;
  const [unfinished, receipt] = await Promise.all([readUnfinished(folder, placement.finalName), folder.entry(joinRaw(placement.finalName, RECEIPT_PATH))]);
  const isOurs = unfinished?.jobId === placement.jobId && unfinished.hostId === placement.hostId;
  const ours = isOurs && receipt === null && unfinished.replaced === null ? await readOurs(folder, placement.finalName) : null;
  if (ours !== null) await clearUnfinished(folder, placement.finalName, ours);
  await lowerOwnFlags(staging);
}
