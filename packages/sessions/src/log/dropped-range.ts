import { closeSync, fsyncSync, openSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import { isErrno } from '../errno.ts';

/** How much of a log was dropped by its cap (design §4.6): a range that reads as zeros, and is no output. */
export interface DroppedRange {
  /** Offset of the first byte that is gone: behind the line that script(1) writes first. */
  readonly from: number;
  /** Offset of the first byte that is kept: the beginning of a line, where the output has lines. */
  readonly to: number;
  /** The part of the timing file that belongs to it; null where there is no such file. */
  readonly timing: DroppedTiming | null;
  /** What the part held, of a container's log; null for others. */
  readonly entries: DroppedEntries | null;
}

/** Bytes of the job in the entries of a container's log that are gone. Who copies docker's output takes it up by these. */
export interface DroppedEntries {
  readonly stdout: number;
  readonly stderr: number;
}

/** The head of a timing file that is gone, and what it said in sum. */
export interface DroppedTiming {
  /** Offset of its first line that is kept. */
  readonly to: number;
  /** Sum of the bytes of the lines that are gone. */
  readonly bytes: number;
  /** Sum of their times, milliseconds. */
  readonly ms: number;
}

/** A record, and its place in the order. */
export interface DroppedRecord extends DroppedRange {
  readonly number: number;
}

const NAME = /^dropped\.([1-9]\d{0,8})$/;

/**
 * What was dropped of a run's log, or null. The record with the highest number counts; each reaches at least as far as the
 * one before it. It is made before the hole, so what reads as zeros and is in no record was printed by the job.
 */
export function readDropped(runPath: string): DroppedRecord | null {
  for (const number of numbersIn(runPath)) {
    try {
      return { number, ...parseDropped(readlinkSync(join(runPath, nameOf(number)))) };
    } catch (error) {
      // Replaced by a later one since it was listed: that one is there.
      if (isErrno(error, 'ENOENT')) return readDropped(runPath);
      throw error;
    }
  }
  return null;
}

/**
 * Makes the next record. Of two who do so at once one has it: then, and only then, the caller may punch the hole.
 * The record is the text of a symbolic link: it appears in one step, and needs no space on a full disk.
 */
export function recordDropped(runPath: string, range: DroppedRange, before: DroppedRecord | null): 'recorded' | 'taken' {
  const number = (before?.number ?? 0) + 1;
  try {
    symlinkSync(formatDropped(range), join(runPath, nameOf(number)));
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return 'taken';
    throw error;
  }
  // A slow one may have made a number again that was tidied away since: a later one counts, and may reach less far.
  const [highest, ...older] = numbersIn(runPath);
  if (highest !== number) {
    rmSync(join(runPath, nameOf(number)), { force: true });
    return 'taken';
  }
  toDisk(runPath);
  for (const old of older) rmSync(join(runPath, nameOf(old)), { force: true });
  return 'recorded';
}

/**
 * One line: version, from, to, and what else is remembered: `t` with offset, bytes and milliseconds of the timing file, `e` with the
 * bytes of stdout and of stderr, or a dash.
 */
export function formatDropped({ from, to, timing, entries }: DroppedRange): string {
  const sums = timing !== null ? ['t', timing.to, timing.bytes, timing.ms] : entries !== null ? ['e', entries.stdout, entries.stderr] : ['-'];
  return ['1', from, to, ...sums].join(' ');
}

/** Reads {@link formatDropped}'s line. @throws SessionConfigError for anything else: nobody may take zeros for output on a guess */
export function parseDropped(text: string): DroppedRange {
  const match = /^1 (\d+) (\d+) (?:-|t (\d+) (\d+) (\d+(?:\.\d+)?)|e (\d+) (\d+))$/.exec(text);
  const [, from, to, timingTo, timingBytes, ms, stdout, stderr] = match ?? [];
  if (from === undefined || to === undefined) throw new SessionConfigError(`the record of what was dropped of a log cannot be read: ${JSON.stringify(text)}`, { hint: 'It may be of a newer version of Longhaul: update this one' });
  return {
    from: Number(from),
    to: Number(to),
    timing: timingTo === undefined ? null : { to: Number(timingTo), bytes: Number(timingBytes), ms: Number(ms) },
    entries: stdout === undefined ? null : { stdout: Number(stdout), stderr: Number(stderr) },
  };
}

function nameOf(number: number): string {
  return `dropped.${String(number)}`;
}

/** The highest first. */
function numbersIn(runPath: string): readonly number[] {
  let names: readonly string[];
  try {
    names = readdirSync(runPath);
  } catch (error) {
    // Retention was quicker.
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  return names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number).sort((a, b) => b - a);
}

/** A hole that outlives a power cut must not be without its record. */
function toDisk(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
