import type { CriEntry } from './cri-entry.ts';
import { criEntries, criStretches, parseCriEntry } from './cri-entry.ts';
import type { DroppedEntries } from './dropped-range.ts';
import type { LogFile } from './log-file.ts';
import type { LogForm } from './log-form.ts';

/** The log of a container: written by podman's conmon, or copied in the same form from docker, in the order in which the engine read it. */
export const CRI_FILE = 'output.cri';

const NEWLINE = 0x0a;
/** An entry has 16 KB and a head. */
const WINDOW_BYTES = 64 * 1024;

/** One line per entry, with its time and its stream. The offsets are those of the file, at the ends of entries. */
export const criForm: LogForm = {
  file: CRI_FILE,
  hasHead: true,
  streams: 'apart',
  // The last entry of a log that is being written may be torn.
  limit: async (file, { size, isFinal }) => (isFinal ? size : lastEntryEnd(file, size)),
  start: () => 0,
  lastLines: async (file, { limit, dropped }, { lines, stream }) => {
    if (lines <= 0) return limit;
    let missing = lines;
    let isEnd = true;
    for await (const { at, entry } of entriesBackwards(file, { from: dropped?.to ?? 0, to: limit })) {
      if (entry.bytes.length === 0 || (stream !== null && entry.stream !== stream)) continue;
      // The end of the last line ends no line before it.
      if (entry.isLine && !isEnd) missing -= 1;
      if (missing === 0) return at.end;
      isEnd = false;
    }
    return missing === 1 && dropped !== null ? dropped.to : 0;
  },
  since: async (file, { limit, dropped }, moment) => {
    const from = dropped?.to ?? 0;
    const found = await firstSince(file, { from, to: limit }, moment);
    return found === from ? 0 : found;
  },
  chunks: (block, from) => criStretches(block).map(({ stream, bytes, end }) => ({ bytes, stream, endOffset: from + end })),
  timed: () => (block, { from }) => Promise.resolve(criEntries(block).map(({ entry: { stream, bytes, time }, end }) => ({ bytes, stream, endOffset: from + end, at: momentOf(time) }))),
  sums: async (file, { to, before }) => ({ timing: null, entries: await countEntries(file, { from: before?.to ?? 0, to }, before?.entries ?? null) }),
};

async function lastEntryEnd(file: LogFile, size: number): Promise<number> {
  for (let end = size; end > 0; end -= WINDOW_BYTES) {
    const begin = Math.max(0, end - WINDOW_BYTES);
    const newline = (await file.slice(begin, end)).lastIndexOf(NEWLINE);
    if (newline !== -1) return begin + newline + 1;
  }
  return 0;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

interface PlacedEntry {
  readonly at: { readonly begin: number; readonly end: number };
  readonly entry: CriEntry;
}

async function* entriesBackwards(file: LogFile, { from, to }: Range): AsyncGenerator<PlacedEntry> {
  let rest = Buffer.alloc(0);
  for (let end = to; end > from; ) {
    const begin = Math.max(from, end - WINDOW_BYTES);
    const block = Buffer.concat([await file.slice(begin, end), rest]);
    let last = block.length;
    for (let newline = block.lastIndexOf(NEWLINE, last - 2); last > 1 && newline !== -1; newline = last > 1 ? block.lastIndexOf(NEWLINE, last - 2) : -1) {
      yield { at: { begin: begin + newline + 1, end: begin + last }, entry: parseCriEntry(block.subarray(newline + 1, last)) };
      last = newline + 1;
    }
    rest = block.subarray(0, last);
    end = begin;
  }
  if (rest.length > 0) yield { at: { begin: from, end: from + rest.length }, entry: parseCriEntry(rest) };
}

/** Where the first entry stands that is not older, found by halving: entries are in the order of their times as long as nobody sets the clock back. */
async function firstSince(file: LogFile, { from, to }: Range, moment: Date): Promise<number> {
  let [low, high] = [from, to];
  // Everything that ends before `low` is older, everything that begins at `high` or behind is not.
  while (high - low > WINDOW_BYTES) {
    const begin = await entryAfter(file, Math.floor((low + high) / 2), high);
    if (begin >= high) break;
    const line = await file.slice(begin, Math.min(high, begin + WINDOW_BYTES));
    if (isOlder(parseCriEntry(line), moment)) low = begin;
    else high = begin;
  }
  const block = await file.slice(low, Math.min(to, Math.max(high, low + WINDOW_BYTES)));
  for (let at = 0; at < block.length; ) {
    const newline = block.indexOf(NEWLINE, at);
    const end = newline === -1 ? block.length : newline + 1;
    if (!isOlder(parseCriEntry(block.subarray(at, end)), moment)) return low + at;
    at = end;
  }
  return Math.min(to, low + block.length);
}

async function entryAfter(file: LogFile, offset: number, limit: number): Promise<number> {
  const newline = (await file.slice(offset, Math.min(limit, offset + WINDOW_BYTES))).indexOf(NEWLINE);
  return newline === -1 ? limit : offset + newline + 1;
}

function momentOf(time: string): string | undefined {
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

function isOlder({ time }: CriEntry, moment: Date): boolean {
  const at = Date.parse(time);
  return !Number.isNaN(at) && at < moment.getTime();
}

/** How many bytes of each stream of the job a range has: what a follower of docker's output goes on by. */
async function countEntries(file: LogFile, { from, to }: Range, before: DroppedEntries | null): Promise<DroppedEntries> {
  const bytes = { ...(before ?? { stdout: 0, stderr: 0 }) };
  for (let at = from; at < to; ) {
    const block = await file.block(at, to);
    if (block.length === 0) break;
    let read = 0;
    for (let newline = block.indexOf(NEWLINE); newline !== -1; newline = block.indexOf(NEWLINE, read)) {
      const entry = parseCriEntry(block.subarray(read, newline + 1));
      bytes[entry.stream] += entry.bytes.length;
      read = newline + 1;
    }
    at += read === 0 ? block.length : read;
  }
  return bytes;
}
