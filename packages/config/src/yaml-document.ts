// This file loads yaml: it is imported only when a file is read.
import { ConfigError } from '@longhaul/errors';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** Counted from 1, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type KeyPath = readonly (string | number)[];

/** A parsed file that still knows where everything stands. */
export interface PositionedDocument {
  readonly value: unknown;
  /** Where the value of `path` stands; where there is none, the nearest thing around it. */
  readonly locate: (path: KeyPath) => Position;
  /** Where the key `key` of the map at `path` is written. */
  readonly locateKey: (path: KeyPath, key: string) => Position;
}

/** What the parser's codes mean. Its own messages are not used: they quote the text around, and that text may be a secret. */
const FAULTS: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  ALIAS_PROPS: ['an alias has properties of its own', 'write the value out'],
  BAD_ALIAS: ['an alias (*name) has no usable name', 'put a text that begins with * in quotes'],
  BAD_DQ_ESCAPE: ['a backslash in double quotes begins no known escape', 'use single quotes, or write \\\\'],
  BAD_INDENT: ['the indentation does not fit', 'indent by two spaces per level and close every [ and {'],
  BAD_SCALAR_START: ['a text begins with a character that YAML reserves', 'put it in quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['a block stands where a key must', 'put it on a line of its own, or in quotes if it holds ": "'],
  DUPLICATE_KEY: ['a key stands twice in one map', 'remove one of them'],
  IMPOSSIBLE: ['the file cannot be read as YAML here', 'see the line before, too'],
  MISSING_CHAR: ['a quote, bracket, colon or comma is missing', 'close what was opened'],
  MULTILINE_IMPLICIT_KEY: ['a key runs over two lines', 'a colon is missing, or a quote is not closed'],
  MULTIPLE_DOCS: ['the file holds more than one document (---)', 'keep one'],
  TAB_AS_INDENT: ['a tab is used as indentation', 'use spaces'],
  TAG_RESOLVE_FAILED: ['a tag (!name) that is not known here', 'remove it, or put the text in quotes'],
  UNEXPECTED_TOKEN: ['something stands here that does not belong', 'put texts with special characters in quotes'],
};

/** @throws ConfigError for text that is no YAML; it quotes nothing of the text */
export function parseYaml(text: string, file: string): PositionedDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Position => positionOf(lines, offset);
  // A warning is an unknown tag: a value that would be read otherwise than it was meant.
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    const [message, fix] = FAULTS[fault.code] ?? ['is not YAML', 'compare it with an example: longhaul config schema'];
    throw new ConfigError(message, { file, ...at(fault.pos[0]), fix });
  }
  return { value: plainValue(document, file), ...locator(document, at) };
}

function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch {
    // Unknown aliases and bombs of them; the parser's message would quote the name.
    throw new ConfigError('an alias (*name) points to nothing, or there are too many of them', { file, line: 1, column: 1, fix: 'write the values out' });
  }
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

type At = (offset: number) => Position;

function locator(document: Document, at: At): Pick<PositionedDocument, 'locate' | 'locateKey'> {
  const start = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);
  return {
    locate: (path) => at(start(nearest(document, path).node)),
    locateKey: (path, key) => {
      const { node, found } = nearest(document, path);
      const pair = found && isMap(node) ? pairOf(node, key) : undefined;
      return at(start(pair?.key ?? node));
    },
  };
}

/** Follows a path as far as it goes. */
function nearest(document: Document, path: KeyPath): { readonly node: Node | null; readonly found: boolean } {
  let node: Node | null = document.contents;
  for (const part of path) {
    const next: Node | null = child(document, node, part);
    if (next === null) return { node, found: false };
    node = next;
  }
  return { node: resolved(document, node), found: true };
}

function child(document: Document, parent: Node | null, part: string | number): Node | null {
  const holder = resolved(document, parent);
  if (isMap(holder)) {
    const pair = pairOf(holder, String(part));
    // A key without a value has no node of its own: the key stands for it.
    return isNode(pair?.value) ? pair.value : isNode(pair?.key) ? pair.key : null;
  }
  const item: unknown = isSeq(holder) && typeof part === 'number' ? holder.items[part] : null;
  return isNode(item) ? item : null;
}

function resolved(document: Document, node: Node | null): Node | null {
  return isAlias(node) ? ((node.resolve(document) as Node | undefined) ?? node) : node;
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
}
