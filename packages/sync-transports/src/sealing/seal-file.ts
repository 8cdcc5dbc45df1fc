import { createHash } from 'node:crypto';
import { percentDecode, percentEncode } from '../manifest/inventory.ts';
import type { RawPath } from '../raw-path.ts';
import type { LeftOut, SourceFilter } from '../source-filter.ts';
import type { Finding, Seal, SealEntry, SealSource, SealTotals } from '../seal.ts';

/**
 * A seal as a file: this line; a line of JSON; a line for each entry, tab-separated, names percent-encoded; `end` and the SHA-256 of all lines
 * before. Text, so that a person can look; checked, so that half a seal is never taken for a whole one.
 */
const MAGIC = 'longhaul-seal 1';
const LINES_AT_A_TIME = 2000;

interface Header {
  readonly id: string;
  readonly digest: string;
  readonly sealedAt: string;
  readonly source: { readonly kind: SealSource['kind']; readonly root: string; readonly name: string; readonly dev: string; readonly filter?: SourceFilter };
  readonly totals: SealTotals;
  readonly findings: readonly { readonly path: string; readonly kind: Finding['kind'] }[];
  readonly leftOut?: LeftOut;
  readonly entries: number;
}

/** The file's content in pieces; other work gets its turn between them. */
export async function* encodeSeal(seal: Seal): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const piece = (lines: readonly string[]): Buffer => {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    hash.update(bytes);
    return bytes;
  };
  yield piece([MAGIC, JSON.stringify(headerOf(seal))]);
  for (let start = 0; start < seal.entries.length; start += LINES_AT_A_TIME) {
    yield piece(seal.entries.slice(start, start + LINES_AT_A_TIME).map(entryLine));
    await new Promise(setImmediate);
  }
  yield Buffer.from(`end ${hash.digest('hex')}\n`);
}

/** Reads {@link encodeSeal}'s lines one by one; `finish` gives the seal, or the damage. */
export class SealDecoder {
  readonly #hash = createHash('sha256');
  readonly #entries: SealEntry[] = [];
  #header: Header | null = null;
  #lines = 0;
  #damage: string | null = null;
  #ended = false;

  line(line: string): void {
    if (this.#damage !== null) return;
    this.#lines += 1;
    if (this.#ended) this.#damage = 'something follows its end';
    else if (line.startsWith('end ')) this.#end(line.slice(4));
    else this.#content(line);
  }

  finish(): { readonly seal: Seal } | { readonly damage: string } {
    if (this.#damage !== null) return { damage: this.#damage };
    if (this.#header === null || !this.#ended) return { damage: 'it is cut off' };
    return { seal: sealOf(this.#header, this.#entries) };
  }

  #content(line: string): void {
    this.#hash.update(`${line}\n`);
    if (this.#lines === 1) {
      if (line !== MAGIC) this.#damage = line.startsWith('longhaul-seal ') ? `it is of a version that is not known here: ${line}` : 'it is no seal';
      return;
    }
    try {
      if (this.#lines === 2) this.#header = JSON.parse(line) as Header;
      else this.#entries.push(parseEntry(line));
    } catch (error) {
      this.#damage = `line ${this.#lines} cannot be read (${error instanceof Error ? error.message : String(error)})`;
    }
  }

  #end(digest: string): void {
    this.#ended = true;
    if (this.#hash.digest('hex') !== digest) this.#damage = 'its checksum does not fit';
    else if (this.#header?.entries !== this.#entries.length) this.#damage = 'entries are missing';
  }
}

function headerOf({ id, digest, sealedAt, source, totals, findings, leftOut, entries }: Seal): Header {
  const { kind, root, name, dev, filter } = source;
  return {
    id, digest, sealedAt, totals, entries: entries.length,
    source: { kind, root: percentEncode(root), name: percentEncode(name), dev: String(dev), ...(filter === undefined ? {} : { filter }) },
    findings: findings.map((finding) => ({ ...finding, path: percentEncode(finding.path) })),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}

function sealOf({ id, digest, sealedAt, source, totals, findings, leftOut }: Header, entries: readonly SealEntry[]): Seal {
  const { kind, root, name, dev, filter } = source;
  return {
    id, digest, sealedAt, totals, entries,
    source: { kind, root: decoded(root), name: decoded(name), dev: BigInt(dev), ...(filter === undefined ? {} : { filter }) },
    findings: findings.map((finding) => ({ ...finding, path: decoded(finding.path) })),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}

function entryLine(entry: SealEntry): string {
  const common = [percentEncode(entry.path), entry.mode.toString(8), entry.mtimeNs, entry.ctimeNs, entry.dev, entry.ino];
  switch (entry.type) {
    case 'file':
      return ['f', ...common, entry.size, entry.allocated, entry.nlink, entry.sha256].join('\t');
    case 'dir':
      return ['d', ...common].join('\t');
    case 'symlink':
      return ['l', ...common, percentEncode(entry.target)].join('\t');
  }
}

function parseEntry(line: string): SealEntry {
  const [type, path = '', mode = '', mtimeNs = '', ctimeNs = '', dev = '', ino = '', ...rest] = line.split('\t');
  const common = { path: decoded(path), mode: Number.parseInt(mode, 8), mtimeNs: BigInt(mtimeNs), ctimeNs: BigInt(ctimeNs), dev: BigInt(dev), ino: BigInt(ino) };
  const [first = '', allocated, nlink, sha256 = ''] = rest;
  if (type === 'f') return { type: 'file', ...common, size: Number(first), allocated: Number(allocated), nlink: Number(nlink), sha256 };
  if (type === 'd') return { type: 'dir', ...common };
  if (type === 'l') return { type: 'symlink', ...common, target: decoded(first) };
  throw new Error('unknown kind of entry');
}

function decoded(text: string): RawPath {
  const path = percentDecode(text);
  if (path === null) throw new Error('a name that is not percent-encoded');
  return path;
}
