import type { RawConfig } from './raw-config.ts';
import type { KeyPath, Position } from './yaml-document.ts';

/** A file of settings that was read and checked: it depends on the text alone, not on where the file lies. */
export interface ParsedFile {
  readonly raw: RawConfig;
  /** Where the value of `path` stands; where there is none, the nearest thing around it. */
  readonly locate: (path: KeyPath) => Position;
}

/** Where each value of a file stands, by its path in JSON; `[]` is the whole. */
export type Positions = Readonly<Record<string, readonly [line: number, column: number]>>;

/** The positions of everything in it, so that it can be kept without the document. */
export function positionsOf({ raw, locate }: ParsedFile): Positions {
  return Object.fromEntries(pathsIn(raw, []).map((path) => [JSON.stringify(path), [locate(path).line, locate(path).column]]));
}

/** What {@link positionsOf} kept. */
export function locatedBy(positions: Positions): ParsedFile['locate'] {
  return (path) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const known = positions[JSON.stringify(path.slice(0, length))];
      if (known !== undefined) return { line: known[0], column: known[1] };
    }
    return { line: 1, column: 1 };
  };
}

function pathsIn(value: unknown, path: KeyPath): KeyPath[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsIn((value as Record<string | number, unknown>)[key], [...path, key]))];
}
