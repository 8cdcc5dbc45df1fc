import type { ReceiptChain } from '../chain/receipt-chain.ts';
import type { Receipt, ReceiptRun } from '../receipt.ts';
import type { LeftOut } from '../source-filter.ts';

/** A receipt that cannot be read is not "no receipt": it says so, and why. */
export type ParsedReceipt = { readonly kind: 'receipt'; readonly receipt: Receipt } | { readonly kind: 'damaged'; readonly evidence: string };

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value !== '';
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const instant: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const maybe = (check: Check): Check => (value) => value === null || check(value);
const strength: Check = (value) => value === 'sha256' || value === 'download' || value === 'size';
const texts: Check = (value) => Array.isArray(value) && value.every((item) => typeof item === 'string');
const digest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const optional = (check: Check): Check => (value) => value === undefined || check(value);
const shape = (fields: Readonly<Record<string, Check>>): Check => (value) => firstFault(value, fields) === null;

const TOTALS = { files: count, directories: count, symlinks: count, bytes: count };
const VERIFIED = { at: instant, strength };
const RUN = {
  session: text, runId: text, command: texts, host: text, startedAt: maybe(instant), endedAt: maybe(instant),
  exitCode: maybe((value) => Number.isSafeInteger(value)), signal: maybe(text),
} satisfies Record<keyof ReceiptRun, Check>;
const LEFT_OUT = { include: texts, exclude: texts, ignoreFiles: texts, files: count, folders: count } satisfies Record<keyof LeftOut, Check>;
const CHAIN = { sequence: (value) => count(value) && value !== 0, previous: maybe(digest), finalName: text } satisfies Record<keyof ReceiptChain, Check>;
const RECEIPT = {
  schemaVersion: (value) => value === 1, sealId: text, sealDigest: digest, generation: count, jobId: text, epoch: count, hostId: text, host: text,
  source: text, sourceId: text, publishedAt: instant, totals: shape(TOTALS), verified: shape(VERIFIED), run: maybe(shape(RUN)),
  // Receipts of the first version have none.
  leftOut: optional(maybe(shape(LEFT_OUT))),
  chain: optional(shape(CHAIN)),
} satisfies Record<keyof Receipt, Check>;

/** JSON with two spaces and one key a line, always in the same order: shells find a value by its line (PROTOCOL.md). */
export function printReceipt(receipt: Receipt): string {
  const ordered = Object.fromEntries(Object.keys(RECEIPT).map((key) => [key, receipt[key as keyof Receipt]]));
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/** Reads `.longhaul/longhaul.json`. Fields that a later version adds are left alone; a later schemaVersion is not read. */
export function parseReceipt(bytes: Uint8Array | string): ParsedReceipt {
  const source = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return { kind: 'damaged', evidence: source.trim() === '' ? 'it is empty' : error instanceof Error ? error.message : String(error) };
  }
  const fault = firstFault(value, RECEIPT);
  return fault === null ? { kind: 'receipt', receipt: value as Receipt } : { kind: 'damaged', evidence: fault };
}

function firstFault(value: unknown, fields: Readonly<Record<string, Check>>): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  const found = value as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(fields).find(([key, check]) => !check(found[key]));
  return wrong === undefined ? null : `field ${JSON.stringify(wrong[0])} is ${wrong[0] in found ? 'not what it should be' : 'missing'}`;
}
