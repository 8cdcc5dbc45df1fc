import type { PlacePreview, PushPreview } from '@longhaul/host';
import { leftOutText } from '@longhaul/sync-transports';

import type { Cli } from '../cli-context.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from './printable.ts';
import type { Printer } from './printer.ts';
import { formatBytes } from './quantities.ts';

/** Says what a push would do. 6 where something stands in the way of it. */
export function showPreview(preview: PushPreview, { printer }: Cli): number {
  printer.result(preview, () => `${sourceText(preview)}${preview.places.map((place) => placeText(place, printer)).join('')}`);
  for (const { destination, problems } of preview.places) for (const { fix } of problems) if (fix !== null) printer.note(`hint for ${destination}: ${fix}`);
  printer.note('nothing was changed (dry run)');
  return preview.places.every(({ problems }) => problems.length === 0) ? EXIT.OK : EXIT.PROBLEMS;
}

function sourceText({ source, totals, hashed, leftOut, findings, mayCollide }: PushPreview): string {
  const counts = [counted(totals.files, 'file'), counted(totals.directories, 'folder'), counted(totals.symlinks, 'symlink')].filter((part) => part !== null);
  const toRead = totals.bytes - hashed.bytes;
  const lines = [
    `${printable(source)}: ${counts.length === 0 ? 'nothing' : counts.join(', ')}, ${formatBytes(totals.bytes)}${toRead === 0 ? '' : `; ${formatBytes(toRead)} of it to be read for the seal`}`,
    findings.length === 0 ? null : `  cannot be sent: ${printable(findings.join(', '))}`,
    leftOutText(leftOut) === null ? null : `  ${leftOutText(leftOut) ?? ''}`,
    mayCollide.length === 0 ? null : `  one name where letter case does not count: ${printable(mayCollide.join(', '))}`,
  ];
  return lines.filter((line) => line !== null).map((line) => `${line}\n`).join('');
}

function counted(count: number, what: string): string | null {
  return count === 0 ? null : `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}

function placeText(preview: PlacePreview, { colours }: Printer): string {
  const { destination, place, finalName, problems, probe } = preview;
  const free = probe.freeBytes === null ? '' : `; ${formatBytes(probe.freeBytes)} free`;
  const told = problems.map(({ what }) => `  ${colours.bad(printable(what))}\n`);
  return `${colours.bold(printable(destination))}  ${printable(`${place}: ${finalName}`)}\n  ${queueText(preview)}; ${IN_PLACE[preview.inPlace]}${free}\n${told.join('')}`;
}

function queueText({ kind, because, jobId }: PlacePreview): string {
  if (kind === 'created') return 'would be queued';
  if (kind === 'newGeneration') return 'would be queued as a new generation';
  return because === 'failed' ? `job ${jobId ?? ''} had failed and would be tried again` : `job ${jobId ?? ''} is on its way already and would do`;
}

const IN_PLACE: Readonly<Record<PlacePreview['inPlace'], string>> = {
  nothing: 'nothing is there yet',
  same: 'this very content is there already',
  earlier: 'another generation of it is there',
  conflict: 'the name is taken',
  unknown: 'what is there could not be asked',
};
