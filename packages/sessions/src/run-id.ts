import { closeSync, openSync, readSync } from 'node:fs';

import { SessionConfigError } from '@longhaul/errors';

import type { RunId } from './run-record.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RUN_ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const TIME_CHARACTERS = 10;
const RANDOM_BITS = 80n;

/** Where a run id takes its time and its randomness from. */
export interface RunIdPorts {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ten random bytes. */
  readonly random: () => Uint8Array;
}

/** The kernel's own source, which node:crypto would load 2 ms for: a start has 50 in all. Where there is no such file, that module. */
function systemRandom(): Uint8Array {
  const bytes = Buffer.alloc(10);
  try {
    const source = openSync('/dev/urandom', 'r');
    try {
      if (readSync(source, bytes, 0, bytes.length, null) === bytes.length) return bytes;
    } finally {
      closeSync(source);
    }
  } catch {
    // A sandbox without /dev.
  }
  return process.getBuiltinModule('node:crypto').randomBytes(bytes.length);
}

const SYSTEM: RunIdPorts = { now: Date.now, random: systemRandom };

let last = { time: -1, entropy: 0n };

/**
 * A new id: 48 bits of milliseconds and 80 random bits. Two ids made by one process sort in the order they were made,
 * within one millisecond and when the clock is set back too.
 */
export function newRunId(ports: Partial<RunIdPorts> = {}): RunId {
  const { now, random } = { ...SYSTEM, ...ports };
  const time = Math.max(0, Math.floor(now()));
  last = time > last.time ? { time, entropy: toBigInt(random()) } : successor(last);
  return (encode(BigInt(last.time), TIME_CHARACTERS) + encode(last.entropy, 16)) as RunId;
}

/** The id as a value, or null: a name that somebody put among the runs is no run. */
export function asRunId(raw: string): RunId | null {
  return RUN_ID.test(raw) ? (raw as RunId) : null;
}

/** @throws SessionConfigError when this cannot be a run's id. */
export function parseRunId(raw: string): RunId {
  const id = asRunId(raw.toUpperCase());
  if (id !== null) return id;
  throw new SessionConfigError(`"${raw}" is not the id of a run`, { hint: 'A run id has 26 characters; see them with `longhaul history`' });
}

/** When the run was asked for. */
export function runIdTime(runId: RunId): Date {
  let time = 0;
  for (const character of runId.slice(0, TIME_CHARACTERS)) time = time * 32 + ALPHABET.indexOf(character);
  return new Date(time);
}

/** A carry into the time keeps the order even after 2^80 ids in one millisecond. */
function successor({ time, entropy }: typeof last): typeof last {
  const next = entropy + 1n;
  return next >> RANDOM_BITS === 0n ? { time, entropy: next } : { time: time + 1, entropy: 0n };
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.subarray(0, 10).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function encode(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) text = (ALPHABET[Number(rest & 31n)] ?? '') + text;
  return text;
}
