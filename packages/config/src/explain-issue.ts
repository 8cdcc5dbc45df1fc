import { ConfigError } from '@longhaul/errors';

import { didYouMean } from './did-you-mean.ts';
import type { Issue, JsonSchema } from './schema.ts';
import { buildJsonSchema } from './schema.ts';
import type { KeyPath, Position, PositionedDocument } from './yaml-document.ts';

/** A fault in words; no word of it is a value of the file. */
interface Explanation {
  readonly message: string;
  readonly fix: string | undefined;
  readonly position: Position;
}

/** What is needed to explain a fault of one file. */
export interface FaultyFile {
  readonly file: string;
  readonly document: PositionedDocument;
}

/** Turns the first fault of a file into the error a person sees: file, line, column, and the fix (design §7). */
export function explainIssue(issue: Issue, { file, document }: FaultyFile): ConfigError {
  const { message, fix, position } = explanationOf(issue, document);
  return new ConfigError(message, { file, ...position, fix });
}

function explanationOf(issue: Issue, document: PositionedDocument): Explanation {
  const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') return unknownKey(path, issue.keys[0] ?? '', document);
  if (issue.code === 'invalid_key') return badKey(path, document);
  if (isMissing(document.value, path)) {
    return { message: `${shownPath(path)} is missing`, fix: missingFix(issue), position: document.locate(path) };
  }
  const what = faultOf(issue, document.value, path);
  return { message: `${shownPath(path)} ${what.message}`, fix: what.fix, position: document.locate(path) };
}

function unknownKey(path: KeyPath, key: string, document: PositionedDocument): Explanation {
  const allowed = allowedKeys(path, document.value);
  const meant = didYouMean(key, allowed);
  const where = path.length === 0 ? '' : ` in ${shownPath(path)}`;
  const fix = meant === null ? `known here: ${allowed.join(', ')}` : `did you mean ${meant}?`;
  return { message: `unknown key ${shownKey(key)}${where}`, fix, position: document.locateKey(path, key) };
}

function badKey(path: KeyPath, document: PositionedDocument): Explanation {
  const key = String(path.at(-1) ?? '');
  const parent = path.slice(0, -1);
  const isEnv = parent.at(-1) === 'env';
  return {
    message: isEnv ? `a name in ${shownPath(parent)} cannot be the name of a variable` : `${shownKey(key)} in ${shownPath(parent)} cannot be a name`,
    fix: isEnv ? 'use A-Z a-z 0-9 _, and a colon with a space before the value' : 'use 1 to 64 of the characters A-Z a-z 0-9 _ - and begin with a letter or a digit',
    position: document.locateKey(parent, key),
  };
}

function faultOf(issue: Issue, root: unknown, path: KeyPath): { readonly message: string; readonly fix?: string } {
  switch (issue.code) {
    case 'invalid_type': {
      const is = kindOf(valueAt(root, path));
      const quotes = issue.expected === 'string' && (is === 'a number' || is === 'true or false' || is === 'empty');
      return { message: `must be ${EXPECTED[issue.expected] ?? issue.expected}, it is ${is}`, ...(quotes ? { fix: 'put it in quotes' } : {}) };
    }
    case 'invalid_value':
      return { message: `must be one of: ${issue.values.map(String).join(', ')}` };
    case 'invalid_union':
      return issue.discriminator === undefined ? { message: issue.message } : { message: 'is not a type that is known', fix: 'use local, rsync_ssh or rclone' };
    case 'too_small':
      return { message: issue.origin === 'array' ? 'must not be empty' : `must be at least ${String(issue.minimum)}` };
    case 'too_big':
      return { message: `must be at most ${String(issue.maximum)}` };
    case 'invalid_format':
    case 'custom':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'invalid_key':
    case 'unrecognized_keys':
      return { message: issue.message };
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
};

function missingFix(issue: Issue): string | undefined {
  return issue.code === 'invalid_union' && issue.discriminator === 'type' ? 'add type: local, rsync_ssh or rclone' : undefined;
}

function isMissing(root: unknown, path: KeyPath): boolean {
  return path.length > 0 && valueAt(root, path) === undefined;
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  const kinds: Readonly<Record<string, string>> = { string: 'a text', number: 'a number', boolean: 'true or false', object: 'a map' };
  return kinds[typeof value] ?? 'something else';
}

/** A key is shown when it looks like one; a misplaced value (`TOKEN=abc:`) may be secret. */
function shownKey(key: string): string {
  return /^[A-Za-z_$][\w.-]{0,40}$/.test(key) ? `"${key}"` : '(not shown: it does not look like a key)';
}

function shownPath(path: KeyPath): string {
  if (path.length === 0) return 'the file';
  return path.map((part, index) => (typeof part === 'number' ? `[${String(part)}]` : `${index === 0 ? '' : '.'}${/^[\w-]{1,64}$/.test(part) ? part : '…'}`)).join('');
}

/** The keys that the schema knows at a path, for "did you mean". */
function allowedKeys(path: KeyPath, root: unknown): readonly string[] {
  let schema: JsonSchema = buildJsonSchema();
  for (const [index, part] of path.entries()) {
    const value = valueAt(root, path.slice(0, index + 1));
    schema = narrowed(step(schema, part), value);
  }
  return Object.keys(record(schema['properties'])).filter((key) => key !== '$schema');
}

function step(schema: JsonSchema, part: string | number): JsonSchema {
  if (typeof part === 'number') return record(schema['items']);
  const properties = record(schema['properties']);
  return record(Object.hasOwn(properties, part) ? properties[part] : schema['additionalProperties']);
}

/** Of several forms, the one whose `type` the file names. */
function narrowed(schema: JsonSchema, value: unknown): JsonSchema {
  const forms = (schema['oneOf'] ?? schema['anyOf']) as readonly JsonSchema[] | undefined;
  if (forms === undefined) return schema;
  const type: unknown = record(value)['type'];
  return forms.find((form) => record(record(form['properties'])['type'])['const'] === type) ?? schema;
}

function record(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {};
}
