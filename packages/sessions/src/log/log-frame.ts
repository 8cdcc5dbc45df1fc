/** How script(1) of util-linux frames a log: one line before, one after; readers see what is between. BSD's writes neither. */
const HEADER = Buffer.from('Script started on ');
const FOOTER = '\nScript done on ';
const WHOLE_FOOTER = /\nScript done on [^\n]*\n$/;
/** What is before a footer may be one byte of this block, and the rest be written a moment later. */
const PAGE_BYTES = 4096;

/** How many bytes from the end must be looked at to find a footer. */
export const FOOTER_WINDOW = 1024;
/** How many bytes from the beginning must be looked at to find the end of a header. */
export const HEADER_WINDOW = 8192;

/**
 * Where the job's own output begins, given the beginning of the log; null while that cannot be told.
 *
 * @param head the first {@link HEADER_WINDOW} bytes, or as many as there are
 */
export function contentStart(head: Buffer): number | null {
  const compared = Math.min(head.length, HEADER.length);
  if (!head.subarray(0, compared).equals(HEADER.subarray(0, compared))) return 0;
  const end = head.indexOf('\n');
  if (end === -1) return head.length < HEADER_WINDOW ? null : 0;
  return end + 1;
}

/** How many bytes at the end of a finished log are script's own. @param tail the last {@link FOOTER_WINDOW} bytes */
export function footerLength(tail: Buffer): number {
  return WHOLE_FOOTER.exec(tail.toString('latin1'))?.[0].length ?? 0;
}

/**
 * How many bytes at the end of a growing log may be the beginning of script's last line: they are shown once more has come.
 * A line end alone is shown, or every line would come without its end until the next.
 *
 * @param tail the last {@link FOOTER_WINDOW} bytes
 * @param end offset of the end of `tail`: what is written at once is seen at once, or cut at the edge of a page
 */
export function heldBack(tail: Buffer, end: number): number {
  const text = tail.toString('latin1');
  const begun = text.lastIndexOf(FOOTER);
  if (begun !== -1 && !/\n[^]/.test(text.slice(begun + 1))) return text.length - begun;
  for (let length = FOOTER.length - 1; length > 1; length -= 1) if (text.endsWith(FOOTER.slice(0, length))) return length;
  return text.endsWith('\n') && end % PAGE_BYTES === 0 ? 1 : 0;
}
