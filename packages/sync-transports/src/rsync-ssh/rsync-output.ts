import type { RawPath } from '../raw-path.ts';

/** One thing that rsync says on stdout. */
export type RsyncLine =
  /** An entry begins to be sent (`transferred`), or is there already. */
  | { readonly kind: 'entry'; readonly path: RawPath; readonly action: 'transferred' | 'present' }
  /** Bytes of files sent so far, in terms of their sizes: what a resumed file had there counts too. */
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** At the end: bytes that travelled. */
  | { readonly kind: 'sent'; readonly bytes: number };

/** One line, split at newline or CR, of `--info=progress2,stats1 --no-h --out-format='%i %n' -ii`; null for others. */
export function parseRsyncLine(line: string): RsyncLine | null {
  const entry = ENTRY.exec(line);
  if (entry !== null) {
    const [, action = '', name = ''] = entry;
    return { kind: 'entry', path: unescapeName(name), action: action === '<' || action === '>' ? 'transferred' : 'present' };
  }
  const progress = PROGRESS.exec(line);
  if (progress !== null) return { kind: 'bytes', bytes: wholeNumber(progress[1]) };
  const sent = SENT.exec(line);
  return sent === null ? null : { kind: 'sent', bytes: wholeNumber(sent[1]) };
}

/** Update type, file type, nine attributes; then the name, a folder's with a slash. `*deleting` never occurs: nothing is deleted. */
const ENTRY = /^([<>ch.])[fdLDS][\s\S]{9} ([\s\S]+?)\/?$/;
const PROGRESS = /^\s*([\d,.]+)\s+\d+%\s/;
const SENT = /^sent ([\d,.]+) bytes\s/;

/** Older versions put separators in although they were told not to. */
function wholeNumber(text = ''): number {
  return Number(text.replaceAll(/[,.]/g, ''));
}

/** rsync writes what it cannot print as `\#ooo`; a name that holds such a text has its backslash written so. */
function unescapeName(name: string): RawPath {
  return name.replaceAll(/\\#([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))) as RawPath;
}
