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

/** What an inventory names, without the rest of it. What a damaged line names is not known, and left out. */
export function* namedInInventory(text: string): Generator<{ readonly path: RawPath; readonly type: string }> {
  for (const line of text.split('\n')) {
    const { path, type } = rowOf(line);
    const decoded = typeof path === 'string' ? percentDecode(path) : null;
    if (decoded !== null && typeof type === 'string') yield { path: decoded, type };
  }
}

function rowOf(line: string): { readonly path?: unknown; readonly type?: unknown } {
  try {
    return (JSON.parse(line) as { readonly path?: unknown; readonly type?: unknown } | null) ?? {};
  } catch {
    return {};
  }
}
