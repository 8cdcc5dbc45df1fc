import { SessionConfigError } from '@longhaul/errors';

import { RECORD_SCHEMA_VERSION } from './run-files.ts';

/** A JSON object whose fields nobody has checked yet. */
export type RawRecord = Readonly<Record<string, unknown>>;

/**
 * The text of a record. exit.json is written over a preallocated file, so what follows the JSON may be zeroes.
 *
 * @throws SessionConfigError saying what is wrong with it; the caller adds the name of the file.
 */
export function parseRecord(text: string): RawRecord {
  const raw = parseJson(text.replace(/[\0\s]+$/, ''));
  const version = raw['schemaVersion'] ?? 1;
  if (typeof version !== 'number') throw problem('its schemaVersion is not a number');
  if (version <= RECORD_SCHEMA_VERSION) return raw;
  throw problem(`it was written by a newer version of Longhaul (schema ${version}, this one reads up to ${RECORD_SCHEMA_VERSION})`);
}

/** A field that must be a string. */
export function textField(raw: RawRecord, name: string): string {
  const value = raw[name];
  if (typeof value === 'string') return value;
  throw problem(`${name} is not a text`);
}

/** A field that is a string, null or not there. */
export function optionalText(raw: RawRecord, name: string): string | null {
  return raw[name] === undefined || raw[name] === null ? null : textField(raw, name);
}

/** A field that must be a whole number from 0. */
export function integerField(raw: RawRecord, name: string): number {
  const value = raw[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw problem(`${name} is not a whole number`);
}

/** A field that is a whole number from 0, null or not there. */
export function optionalInteger(raw: RawRecord, name: string): number | null {
  return raw[name] === undefined || raw[name] === null ? null : integerField(raw, name);
}

/** A field that is true, false, null or not there. */
export function optionalFlag(raw: RawRecord, name: string): boolean | null {
  const value = raw[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  throw problem(`${name} is neither true nor false`);
}

/** A field that must be one of these words. */
export function wordField<Word extends string>(raw: RawRecord, name: string, words: readonly Word[]): Word {
  const value = raw[name];
  const word = words.find((candidate) => candidate === value);
  if (word !== undefined) return word;
  throw problem(`${name} is not one of ${words.join(', ')}`);
}

/** A field that must be a list of strings. */
export function textsField(raw: RawRecord, name: string): readonly string[] {
  const value = raw[name];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw problem(`${name} is not a list of texts`);
}

/** A field that must be an object. */
export function objectField(raw: RawRecord, name: string): RawRecord {
  const value = raw[name];
  if (isRecord(value)) return value;
  throw problem(`${name} is not an object`);
}

/** A field that is an object, null or not there. */
export function optionalObject(raw: RawRecord, name: string): RawRecord | null {
  return raw[name] === undefined || raw[name] === null ? null : objectField(raw, name);
}

/** A field that is a number, null or not there. */
export function optionalNumber(raw: RawRecord, name: string): number | null {
  const value = raw[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return value;
  throw problem(`${name} is not a number`);
}

/** A field that must be a list of objects. */
export function objectsField(raw: RawRecord, name: string): readonly RawRecord[] {
  const value = raw[name];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw problem(`${name} is not a list of objects`);
}

function parseJson(text: string): RawRecord {
  if (text === '') throw problem('it is empty');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The parser's own message would quote the text, which may be anything.
    throw problem('it is not JSON', cause);
  }
  if (isRecord(value)) return value;
  throw problem('it is not an object');
}

function isRecord(value: unknown): value is RawRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problem(message: string, cause?: unknown): SessionConfigError {
  return new SessionConfigError(message, { cause });
}
