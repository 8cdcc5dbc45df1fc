/** What was kept of one output. */
export interface CapturedOutput {
  /** The kept bytes as UTF-8, invalid ones replaced by U+FFFD. A character that a bound cut in two is left out. */
  readonly text: string;
  readonly bytes: Uint8Array;
  /** True where `bytes` is not all that was printed. */
  readonly truncated: boolean;
  /** How many bytes were printed but not kept. */
  readonly droppedBytes: number;
  /** False where the output was given up before its end: see `drainMs`, or the program was killed while others held it. */
  readonly complete: boolean;
}

export interface CapturedParts {
  readonly bytes: Uint8Array;
  readonly droppedBytes: number;
  readonly keep: 'head' | 'tail';
  readonly complete: boolean;
}

/** Decodes at the first look at `text`, since most callers look at one output only. */
export function capturedOutput({ bytes, droppedBytes, keep, complete }: CapturedParts): CapturedOutput {
  let text: string | undefined;
  return {
    get text(): string {
      return (text ??= decode(droppedBytes === 0 ? bytes : withoutCutCharacter(bytes, keep)));
    },
    bytes,
    truncated: droppedBytes > 0,
    droppedBytes,
    complete,
  };
}

/** The value for an output that this process did not read. */
export const NOTHING_CAPTURED: CapturedOutput = capturedOutput({ bytes: new Uint8Array(), droppedBytes: 0, keep: 'tail', complete: true });

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** A UTF-8 character has at most three continuation bytes, so looking further would eat what was never UTF-8. */
function withoutCutCharacter(bytes: Uint8Array, keep: 'head' | 'tail'): Uint8Array {
  if (keep === 'tail') {
    let start = 0;
    while (start < 3 && isContinuation(bytes[start])) start += 1;
    return bytes.subarray(start);
  }
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  return bytes.length - lead < characterLength(bytes[lead]) ? bytes.subarray(0, lead) : bytes;
}

function characterLength(lead: number | undefined): number {
  if (lead === undefined || lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
