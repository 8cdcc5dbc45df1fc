import type { ReadShellOutput } from '../ssh/shell-output.ts';

/** Takes the positions that HASH_SCRIPT tells between two NULs out of an output, wherever they stand in it, and hands on the rest. */
export function positionReader(onPosition: (bytes: number) => void, onRest: ReadShellOutput): ReadShellOutput {
  let position: string | null = null;
  return (chunk) => {
    const parts = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1').split('\0');
    for (const [index, part] of parts.entries()) {
      if (index > 0) {
        // The second NUL of two ends it.
        if (position !== null) tell(position, onPosition);
        position = position === null ? '' : null;
      }
      if (position !== null) position += part;
      else if (part !== '') onRest(Buffer.from(part, 'latin1'));
    }
  };
}

function tell(position: string, onPosition: (bytes: number) => void): void {
  if (/^\d{1,15}$/.test(position)) onPosition(Number(position));
}
