/** One entry of a log in the form that podman's conmon writes (and CRI, for Kubernetes): `<time> <stdout|stderr> <F|P> <bytes>`. */
export interface CriEntry {
  /** RFC 3339. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** The job's own bytes; with its newline where the entry says that it wrote one. */
  readonly bytes: Buffer;
  /** Whether the job wrote a newline after these bytes. */
  readonly isLine: boolean;
}

const NEWLINE = 0x0a;
const HEAD = /^(\S{10,64}) (stdout|stderr) ([FP])(?: |$)/;
/** Longer than any time, stream and tag. */
const MAX_HEAD = 96;

/**
 * Reads one line of the file, its end included where it has one. What is no entry (a line torn by a full disk or a crash, a line that
 * somebody else wrote) is shown as it is: rather that than a line lost without a word.
 */
export function parseCriEntry(line: Buffer): CriEntry {
  const end = line.at(-1) === NEWLINE ? line.length - 1 : line.length;
  const match = HEAD.exec(line.toString('latin1', 0, Math.min(end, MAX_HEAD)));
  if (match === null) return { time: '', stream: 'stdout', bytes: line, isLine: end < line.length };
  const [head, time = '', stream, tag] = match;
  // A torn entry lost its end and whatever was behind.
  const isLine = tag === 'F' && end < line.length;
  return { time, stream: stream === 'stderr' ? 'stderr' : 'stdout', bytes: line.subarray(head.length, isLine ? end + 1 : end), isLine };
}

/** A stretch of whole entries of one stream. */
export interface CriStretch {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
  /** Offset in the block behind the last entry. */
  readonly end: number;
}

/** The entries of a block, each with the offset behind it. Only whole lines are read, unless there is none. */
export function criEntries(block: Buffer): readonly { readonly entry: CriEntry; readonly end: number }[] {
  const entries: { readonly entry: CriEntry; readonly end: number }[] = [];
  for (let at = 0; at < block.length; ) {
    const newline = block.indexOf(NEWLINE, at);
    if (newline === -1 && at > 0) break;
    const end = newline === -1 ? block.length : newline + 1;
    entries.push({ entry: parseCriEntry(block.subarray(at, end)), end });
    at = end;
  }
  return entries;
}

/** The job's output in a block of entries, in order; what stands together in one stream in one piece. */
export function criStretches(block: Buffer): readonly CriStretch[] {
  const stretches: CriStretch[] = [];
  let parts: Buffer[] = [];
  let last: CriStretch | null = null;
  for (const { entry, end } of criEntries(block)) {
    if (last !== null && last.stream !== entry.stream) {
      stretches.push({ ...last, bytes: joined(parts) });
      parts = [];
    }
    parts.push(entry.bytes);
    last = { stream: entry.stream, bytes: entry.bytes, end };
  }
  return last === null ? stretches : [...stretches, { ...last, bytes: joined(parts) }];
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
}
