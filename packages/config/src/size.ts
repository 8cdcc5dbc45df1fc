const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 };
const SIZE = /^(\d+(?:\.\d+)?) ?([KMGT]?i?B)$/i;

/** How a size is written, for messages. */
export const SIZE_EXAMPLES = '500MB, 20GB or 20GiB';

/** Reads `500MB` (10^6) and `20GiB` (2^30) as bytes; null for anything else. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  const unit = UNITS[(match?.[2] ?? '').toUpperCase()];
  if (match?.[1] === undefined || unit === undefined) return null;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
