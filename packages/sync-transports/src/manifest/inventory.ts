import type { RawPath } from '../raw-path.ts';
import type { SealEntry } from '../seal.ts';

/**
 * The full list of a result, folders, symlinks and modes too, which a checksum file cannot hold: one JSON object a line.
 * Paths and targets are percent-encoded bytes (RFC 3986, `/` kept), so that every name survives every tool that reads JSON.
 */
export function printInventory(entries: Iterable<SealEntry>): Buffer {
  const lines: string[] = [];
  for (const entry of entries) lines.push(`${JSON.stringify(inventoryRow(entry))}\n`);
  return Buffer.from(lines.join(''));
}

function inventoryRow(entry: SealEntry): object {
  const row = { path: percentEncode(entry.path), type: entry.type, mode: entry.mode.toString(8).padStart(4, '0'), mtimeNs: String(entry.mtimeNs) };
  switch (entry.type) {
    case 'file':
      return { ...row, size: entry.size, sha256: entry.sha256 };
    case 'dir':
      return row;
    case 'symlink':
      return { ...row, target: percentEncode(entry.target) };
  }
}

/** Every byte but letters, digits and `-._~/` as `%XX`. */
export function percentEncode(path: RawPath): string {
  return path.replace(/[^A-Za-z0-9\-._~/]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** The other way; null where it is no such text. */
export function percentDecode(text: string): RawPath | null {
  if (!/^(?:[A-Za-z0-9\-._~/]|%[0-9A-Fa-f]{2})*$/.test(text)) return null;
  return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))) as RawPath;
}

/** What an inventory says of an entry; null where it does not say it. */
export interface InventoryRow {
  readonly path: RawPath;
  readonly type: string;
  /** Bytes, and nanoseconds since 1970. */
  readonly size: number | null;
  readonly mtimeNs: bigint | null;
  readonly sha256: string | null;
  readonly target: RawPath | null;
}

/** What an inventory names. What a damaged line names is not known, and left out. */
export function* namedInInventory(text: string): Generator<InventoryRow> {
  for (const line of text.split('\n')) {
    const { path, type, size, mtimeNs, sha256, target } = rowOf(line);
    const decoded = pathOf(path);
    if (decoded === null || typeof type !== 'string') continue;
    yield {
      path: decoded,
      type,
      size: typeof size === 'number' ? size : null,
      mtimeNs: typeof mtimeNs === 'string' && /^-?\d+$/.test(mtimeNs) ? BigInt(mtimeNs) : null,
      sha256: typeof sha256 === 'string' ? sha256 : null,
      target: pathOf(target),
    };
  }
}

function pathOf(value: unknown): RawPath | null {
  return typeof value === 'string' ? percentDecode(value) : null;
}

function rowOf(line: string): Readonly<Record<keyof InventoryRow, unknown>> {
  const nothing = { path: null, type: null, size: null, mtimeNs: null, sha256: null, target: null };
  try {
    return { ...nothing, ...(JSON.parse(line) as object | null) };
  } catch {
    return nothing;
  }
}
