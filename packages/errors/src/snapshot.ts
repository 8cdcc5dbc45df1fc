import { redactArgv } from './redact-argv.ts';
import { REDACTED, redact } from './redact.ts';
import { SECRET_NAME } from './secret-rules.ts';

/** A value that JSON.stringify takes without loss or error. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const SECRET_KEY = new RegExp(`${SECRET_NAME}|^(?:proxy-)?authorization$|^(?:set-)?cookie$`, 'i');
const ENV_KEY = /^(?:env|environ|environment)$/i;
/** Errors are read by people: what lies deeper than this is a mistake of the caller, or a cycle in disguise. */
const MAX_DEPTH = 8;

interface Walk {
  readonly secrets: readonly string[];
  readonly ancestors: readonly object[];
}

/** A redacted copy of any value that JSON can carry: cycles, bigints, dates, errors and bytes included. Never throws. */
export function snapshot(value: unknown, secrets: readonly string[] = []): JsonValue {
  return visit(value, { secrets, ancestors: [] });
}

/** {@link snapshot} of a record: a value whose key says "secret" is replaced whole. */
export function snapshotRecord(record: Readonly<Record<string, unknown>>, secrets: readonly string[] = []): Readonly<Record<string, JsonValue>> {
  return entriesOf(record, { secrets, ancestors: [record] });
}

function visit(value: unknown, walk: Walk): JsonValue {
  switch (typeof value) {
    case 'string':
      return redact(value, walk.secrets);
    case 'number':
      // JSON knows neither NaN nor a negative zero.
      return Number.isFinite(value) ? value + 0 : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'undefined':
      return null;
    case 'function':
      return '[function]';
    case 'symbol':
      return redact(String(value), walk.secrets);
    case 'object':
      return value === null ? null : visitObject(value, walk);
  }
}

function visitObject(value: object, { secrets, ancestors }: Walk): JsonValue {
  if (ancestors.includes(value)) return '[circular]';
  if (ancestors.length >= MAX_DEPTH) return '[deeper]';
  const walk = { secrets, ancestors: [...ancestors, value] };
  if (value instanceof Error) return errorOf(value, walk);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return redact(value.href, secrets);
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (value instanceof Map) return entriesOf(Object.fromEntries([...value].map(([key, item]) => [keyText(key), item as unknown])), walk);
  if (value instanceof Set) return arrayOf([...value], walk);
  if (Array.isArray(value)) return arrayOf(value, walk);
  return entriesOf(value as Record<string, unknown>, walk);
}

/** An object as a key may not even have a text. */
function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null ? '[object]' : String(key);
}

function arrayOf(items: readonly unknown[], walk: Walk): JsonValue {
  // A copy without holes, which `every` and `map` would step over.
  const list = Array.from(items);
  // An array of strings is most often a command line, and `-e`, `KEY=VALUE` are two of its items.
  if (list.every((item) => typeof item === 'string')) return redactArgv(list, walk.secrets);
  return list.map((item) => visit(item, walk));
}

function entriesOf(record: Readonly<Record<string, unknown>>, walk: Walk): Record<string, JsonValue> {
  const entries: [string, JsonValue][] = [];
  for (const key of Object.keys(record)) {
    const value = read(record, key);
    if (value === undefined || (key === 'toJSON' && typeof value === 'function')) continue;
    entries.push([redact(key, walk.secrets), entryOf(key, value, walk)]);
  }
  return Object.fromEntries(entries);
}

function entryOf(key: string, value: unknown, walk: Walk): JsonValue {
  if (SECRET_KEY.test(key) && (typeof value === 'string' || typeof value === 'object') && value !== null) return REDACTED;
  if (ENV_KEY.test(key) && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // Which variables were set helps to find a fault; what they hold is nobody's business.
    return Object.fromEntries(Object.keys(value).map((name) => [name, REDACTED]));
  }
  return visit(value, walk);
}

/** Name, message and whatever an error carries besides, causes of causes included; no stack, which is for the log of a developer. */
function errorOf(error: Error, walk: Walk): JsonValue {
  const own: Record<string, JsonValue> = entriesOf(error as unknown as Record<string, unknown>, walk);
  const causes: Record<string, JsonValue> = {};
  const cause = read(error, 'cause');
  if (cause !== undefined) causes['cause'] = visit(cause, walk);
  if (error instanceof AggregateError) causes['errors'] = arrayOf(error.errors as unknown[], walk);
  return { ...own, name: text(error, 'name', walk), message: text(error, 'message', walk), ...causes };
}

function text(error: Error, key: 'name' | 'message', walk: Walk): string {
  const value = read(error, key);
  return redact(typeof value === 'string' ? value : '', walk.secrets);
}

/** A getter that throws must not hide the error that is being described. */
function read(holder: object, key: string): unknown {
  try {
    return (holder as Record<string, unknown>)[key];
  } catch {
    return '[unreadable]';
  }
}
