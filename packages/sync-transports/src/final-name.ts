import { ConfigError } from '@longhaul/errors';
import type { RawPath } from './raw-path.ts';
import { displayPath, rawPathFromText } from './raw-path.ts';

/** What the placeholders of a template stand for; one that is not given cannot be used. */
export interface FinalNameValues {
  /** Base name of the source, see SealSource.name. */
  readonly name: RawPath;
  readonly session?: string | undefined;
  readonly run?: string | undefined;
  readonly host?: string | undefined;
  /** By convention `2026-11-22`. */
  readonly date?: string | undefined;
}

const PLACEHOLDERS = ['name', 'session', 'run', 'host', 'date'] as const;
const HINT = 'Give another name with --as, or `as:` in longhaul.yaml, e.g. --as "{session}/{date}/{name}"';

/**
 * The path below a destination under which a result is published: a template of `{name}`, `{session}`, `{run}`, `{host}`, `{date}`
 * (design §5.2), rendered and checked. Every value stays one part of the path.
 * @throws ConfigError for an unknown or empty placeholder and for a path that would leave the destination or meet Longhaul's own files
 */
export function renderFinalName(template: string, values: FinalNameValues): RawPath {
  const rendered = template
    .split(/(\{[^{}]*\})/)
    .map((piece) => (piece.startsWith('{') && piece.endsWith('}') ? value(piece.slice(1, -1), values) : rawPathFromText(piece)))
    .join('') as RawPath;
  return parseFinalName(rendered);
}

/** Checks a final name that is rendered already, e.g. one that was stored. @throws ConfigError */
export function parseFinalName(path: RawPath): RawPath {
  const fault = path.split('/').map(partFault).find((found) => found !== null) ?? null;
  if (fault === null) return path;
  throw new ConfigError(`"${displayPath(path)}" cannot be a final name: ${fault}`, { hint: HINT });
}

function value(placeholder: string, values: FinalNameValues): RawPath {
  const key = PLACEHOLDERS.find((known) => known === placeholder);
  if (key === undefined) throw new ConfigError(`"{${placeholder}}" is no placeholder of a final name`, { hint: `There are ${PLACEHOLDERS.map((known) => `{${known}}`).join(', ')}` });
  const given = key === 'name' ? values.name : values[key] === undefined ? undefined : rawPathFromText(values[key]);
  if (given === undefined || given === '') throw new ConfigError(`{${key}} is not known here`, { hint: HINT });
  if (given.includes('/')) throw new ConfigError(`{${key}} is "${displayPath(given)}": a value of a final name holds no slash`, { hint: HINT });
  return given;
}

function partFault(part: string): string | null {
  if (part === '') return 'a part of it is empty: no slash at the ends, no two in a row';
  if (part === '.' || part === '..') return `"${part}" would leave its place`;
  if (part.includes('\0')) return 'it holds a NUL byte';
  // Whatever the case: the destination may not tell capitals from small letters.
  if (part.toLowerCase().startsWith('.longhaul')) return 'names that begin with .longhaul are kept for receipts and staging';
  if (part.length > 255) return 'a part of it is longer than 255 bytes';
  return null;
}
