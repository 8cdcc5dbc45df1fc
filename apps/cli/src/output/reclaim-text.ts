import { count } from '@longhaul/errors';
import type { Blocker, ReclaimPlan, ReclaimResult } from '@longhaul/sync-queue';
import { blockerText } from '@longhaul/sync-queue';
import type { RawPath } from '@longhaul/sync-transports';
import { displayPath } from '@longhaul/sync-transports';

import type { Colours } from './colours.ts';
import { printable, printableMessage } from './printable.ts';
import { formatBytes } from './quantities.ts';

/** So many names of what stays are spelled out. */
const SHOWN = 5;

/** How a plan is shown. */
export interface PlanForm {
  readonly colours: Colours;
  readonly files: 'each' | 'sums';
}

/** For people: what could go, on whose word, or what stands in the way. */
export function planText(plan: ReclaimPlan, { colours, files }: PlanForm): string {
  const { source, blockers, bytes, extra } = plan;
  const head = blockers.length === 0 ? colours.good(`${count(plan.files.length, 'file')}, ${formatBytes(bytes)} could be freed`) : colours.waiting('stays');
  const lines = [
    `${colours.bold(printable(source))}  ${head}`,
    ...(plan.sealDigest === null ? [] : [`  seal  sha256:${plan.sealDigest}`]),
    ...plan.places.map((place) => `  ${printable(placeText(place))}`),
    ...blockerLines(blockers, source),
    ...(extra.length === 0 ? [] : [`  stays anyway, not sealed: ${named(extra)}`]),
    ...(plan.gone === 0 ? [] : [`  ${count(plan.gone, 'sealed file')} gone already`]),
    ...(files === 'each' ? plan.files.map(({ path, size, sha256 }) => `    ${sha256}  ${String(size).padStart(12)}  ${printable(displayPath(path))}`) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function placeText({ destination, job, finalName, proofs }: ReclaimPlan['places'][number]): string {
  const where = finalName === null ? destination : `${destination}: ${displayPath(finalName)}`;
  if (proofs.length === 0) return `${where}  ${job === null ? 'not known any more' : `${job.state}, not proven`}`;
  return `${where}  proven ${proofs.map(({ at, strength, occasion }) => `${at} (${strength}, ${occasion})`).join(', ')}`;
}

/** What stands in the way, one after the other, each with what helps. */
export function blockerLines(blockers: readonly Blocker[], source: string): readonly string[] {
  return blockers.flatMap((blocker) => {
    const { what, fix } = blockerText(blocker, source);
    return [`  - ${printable(what)}`, ...(fix === null ? [] : [`      fix  ${printableMessage(fix)}`])];
  });
}

function named(paths: readonly RawPath[]): string {
  const shown = paths.slice(0, SHOWN).map((path) => printable(displayPath(path))).join(', ');
  return paths.length > SHOWN ? `${shown} and ${String(paths.length - SHOWN)} more` : shown;
}

/** For programs: everything. */
export function planData({ source, sourceId, sealDigest, files, bytes, extra, gone, places, blockers }: ReclaimPlan): object {
  return {
    source,
    sourceId,
    sealDigest,
    files: files.map(({ path, size, sha256 }) => ({ path: displayPath(path), size, sha256 })),
    bytes,
    extra: extra.map((path) => displayPath(path)),
    gone,
    destinations: places.map((place) => ({
      destination: place.destination,
      finalName: place.finalName === null ? null : displayPath(place.finalName),
      job: place.job?.id ?? null,
      state: place.job?.state ?? null,
      occasions: 'occasions' in place ? place.occasions.map((at) => new Date(at).toISOString()) : [],
      proofs: place.proofs,
    })),
    blockers: blockers.map((blocker) => ({ kind: blocker.kind, ...blockerText(blocker, source) })),
  };
}

export function resultData(result: ReclaimResult, source: string): object {
  if (!('blockers' in result)) return result;
  return { ...result, blockers: result.blockers.map((blocker) => ({ kind: blocker.kind, ...blockerText(blocker, source) })) };
}

/** What became of one source. */
export function resultText(result: ReclaimResult, { source, extra, colours }: { readonly source: string; readonly extra: number; readonly colours: Colours }): string {
  const head = (text: string): string => `${colours.bold(printable(source))}  ${text}\n`;
  const lines = (blockers: readonly Blocker[]): string => blockerLines(blockers, source).map((line) => `${line}\n`).join('');
  switch (result.kind) {
    case 'done':
      return head(`${colours.good(`${count(result.files, 'file')} deleted`)}, ${formatBytes(result.bytes)} freed${extra === 0 ? '' : `; ${String(extra)} not sealed stay`}`);
    case 'left':
      return head(`${count(result.files, 'file')} deleted, ${formatBytes(result.bytes)} freed; another process goes on with it`);
    case 'stopped':
      return `${head(colours.bad(result.files === 0 ? 'nothing was deleted' : `stopped after ${count(result.files, 'file')}, ${formatBytes(result.bytes)} freed`))}${lines(result.blockers)}`;
    case 'blocked':
      return `${head(colours.waiting('nothing was deleted'))}${lines(result.blockers)}`;
  }
}
