import type { ReadShellOutput } from '../ssh/shell-output.ts';

/** NUL for fields, newline for lines of hashes; rsync's display of progress begins with CR and has no other end than the next one. */
export type PartEnd = '\0' | '\n' | '\n or \r';

/** Cuts an output into parts. Bytes, one character each. */
export function partReader(end: PartEnd, onPart: (part: string) => void): ReadShellOutput {
  const separator = end === '\n or \r' ? /[\n\r]/ : end;
  let pending = '';
  return (chunk) => {
    const parts = (pending + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')).split(separator);
    pending = parts.pop() ?? '';
    for (const part of parts) onPart(part);
  };
}
