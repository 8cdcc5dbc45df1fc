import type { RawPath } from '../raw-path.ts';

/** One line of a checksum file. */
export interface Checksum {
  readonly path: RawPath;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** What {@link parseChecksums} could not read. */
export interface ChecksumFault {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
const UNESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' };
const LINE = /^(?<escaped>\\?)(?<sha256>[0-9a-fA-F]{64}) [ *](?<name>.+)$/s;

/**
 * GNU `sha256sum` format: a name with backslash, newline or CR is escaped and its line begins with a backslash.
 * A file called `-` is written as `./-`: `sha256sum -c` would read its standard input for the bare name.
 */
export function printChecksums(checksums: Iterable<Checksum>): Buffer {
  const lines: string[] = [];
  for (const { path, sha256 } of checksums) {
    const escaped = path.replace(/[\\\n\r]/g, (char) => ESCAPES[char] ?? char);
    lines.push(`${escaped === path ? '' : '\\'}${sha256}  ${path === '-' ? './-' : escaped}\n`);
  }
  return Buffer.from(lines.join(''), 'latin1');
}

/** Reads what GNU, BusyBox and we print; a leading `./` is taken off. Lines that are none are told, never skipped in silence. */
export function parseChecksums(bytes: Uint8Array): { readonly checksums: readonly Checksum[]; readonly faults: readonly ChecksumFault[] } {
  const checksums: Checksum[] = [];
  const faults: ChecksumFault[] = [];
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [index, text] of lines.entries()) {
    const checksum = parseLine(text);
    if (checksum === null) faults.push({ line: index + 1, text });
    else checksums.push(checksum);
  }
  return { checksums, faults };
}

function parseLine(text: string): Checksum | null {
  const { escaped, sha256, name } = LINE.exec(text)?.groups ?? {};
  if (sha256 === undefined || name === undefined) return null;
  const path = escaped === '\\' ? unescape(name) : name;
  if (path === null) return null;
  const plain = path.replace(/^(?:\.\/)+/, '');
  return plain === '' ? null : { path: plain as RawPath, sha256: sha256.toLowerCase() };
}

function unescape(name: string): string | null {
  if (!/^(?:[^\\]|\\[\\nr])*$/s.test(name)) return null;
  return name.replace(/\\[\\nr]/g, (pair) => UNESCAPES[pair] ?? pair);
}
