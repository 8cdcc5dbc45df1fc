import { lstat, readFile } from 'node:fs/promises';
import { SourceChangedError, SourceNameError, SourceUnreadableError } from '@longhaul/errors';
import { parseReceipt } from '../manifest/receipt-codec.ts';
import { METADATA, RECEIPT_PATH } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { Finding, SealSource } from '../seal.ts';
import type { LeftOut } from '../source-filter.ts';
import { filterRules } from '../source-filter.ts';
import { absolutePath } from '../worker/raw-fs.ts';
import type { ListReport } from '../worker/tasks.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { EntryDraft, FileDraft } from './entry-draft.ts';
import { draftsOf } from './entry-draft.ts';
import { sourceError } from './resolve-source.ts';

/** A source as it was listed: hashes only where the cache had them. */
export interface SourceListing {
  readonly entries: readonly EntryDraft[];
  readonly files: readonly FileDraft[];
  readonly findings: readonly Finding[];
  /** Numbers of the groups that entries belong to, each once. */
  readonly groups: readonly number[];
  /** null where no rules were there. */
  readonly leftOut: LeftOut | null;
}

/** What to list, and where hashes of an earlier time lie. */
export interface ListRequest {
  readonly source: SealSource;
  readonly cacheFile: string | null;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists a source once, whole or not at all.
 * @throws SourceNotFoundError, SourceUnreadableError naming every part that cannot be read or lies on another file system, SourceChangedError when
 * something goes while it is listed, SourceNameError when `.longhaul` at the top is not ours
 */
export async function listSource(pool: WorkerPool, { source, cacheFile, signal }: ListRequest): Promise<SourceListing> {
  const shown = displayPath(source.root);
  const entries: EntryDraft[] = [];
  const findings: Finding[] = [];
  const only = source.kind === 'file' ? source.name : null;
  const task = { kind: 'list', root: source.root, only, devices: 'same', cacheFile, readable: 'probe', filter: filterRules(source.filter) } as const;
  const onPart = (batch: Parameters<typeof draftsOf>[0]): void => {
    const drafts = draftsOf(batch);
    for (const entry of drafts.entries) entries.push(entry);
    findings.push(...drafts.findings);
  };
  const report = await pool.run(task, { onPart, signal }).catch((error: unknown) => {
    throw sourceError(shown, error);
  });
  refuseFaults(shown, report, only);
  if (report.metadata === 'present') findings.push(await metadataFinding(source));
  const files = entries.filter((entry): entry is FileDraft => entry.type === 'file');
  if (only !== null && files.length === 0) throw new SourceChangedError(shown, [displayPath(source.name)], { hint: 'It is no regular file any more' });
  return { entries, files, findings, groups: report.groups, leftOut: leftOutOf(source, report) };
}

function leftOutOf({ filter }: SealSource, { leftOut }: ListReport): LeftOut | null {
  const ignoreFiles = leftOut.ignoreFiles.map((path) => displayPath(path as RawPath));
  if (filter === undefined && ignoreFiles.length === 0) return null;
  return { include: filter?.include ?? [], exclude: filter?.exclude ?? [], ignoreFiles, files: leftOut.files, folders: leftOut.folders };
}

function refuseFaults(source: string, report: ListReport, only: string | null): void {
  const shown = (paths: readonly string[]): readonly string[] => paths.map((path) => displayPath(path as RawPath));
  if (report.otherDevice.length > 0) {
    throw new SourceUnreadableError(source, shown(report.otherDevice), {
      hint: 'Another file system is mounted there; push it as a source of its own, or unmount it',
      context: { reason: 'other file system' },
    });
  }
  if (report.unreadable.length > 0) throw new SourceUnreadableError(source, shown(report.unreadable));
  if (only !== null && report.vanished.length > 0) throw sourceError(`${source}/${shown([only]).join('')}`, Object.assign(new Error('the file is gone'), { code: 'ENOENT' }));
  if (report.vanished.length > 0) throw new SourceChangedError(source, shown(report.vanished));
}

/** `.longhaul` at the top is left out only where it is what we leave behind: a folder with a receipt. Anything else there is somebody's data. */
async function metadataFinding({ root }: SealSource): Promise<Finding> {
  const isFolder = await lstat(absolutePath(root, METADATA)).then((found) => found.isDirectory(), () => false);
  const receipt = isFolder ? await readFile(absolutePath(root, RECEIPT_PATH)).then(parseReceipt, () => null) : null;
  if (receipt?.kind === 'receipt') return { path: METADATA, kind: 'metadata' };
  throw new SourceNameError(displayPath(root), [METADATA], {
    problem: 'reserved',
    hint: 'A result keeps its receipt in a folder of this name. Rename it, or delete it if it is left from an older result',
  });
}
