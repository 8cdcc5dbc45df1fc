/**
 * The one place where data becomes shell text. A word in single quotes is taken as it is by every Bourne shell; only the
 * quote itself must leave them. Any byte but NUL may stand in it.
 */
export function shellWord(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
  if (bytes.includes(0)) throw new RangeError('a shell word cannot hold a NUL byte');
  const text = bytes.toString('latin1').replaceAll("'", `'\\''`);
  return Buffer.from(`'${text}'`, 'latin1');
}

/** `name='value'` a line, for the head of a script. Names are ours, values are anybody's. */
export function shellAssignments(values: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const lines = Object.entries(values).map(([name, value]) => Buffer.concat([Buffer.from(`${name}=`), shellWord(value), Buffer.from('\n')]));
  return Buffer.concat(lines);
}

/** Backslash, single quote, exclamation mark: written as numbers, so that the line may stand in single quotes of any shell. */
const UNSAFE = [0x5c, 0x27, 0x21];

/**
 * A script as one line of printable ASCII, as `printf %b` takes it: the remote shell reads it with `read -r`, byte by byte
 * and not one too many, so that what follows on stdin is left for the script's own programs.
 */
export function scriptLine(script: Uint8Array): string {
  return `${printfWord(script)}\n`;
}

/** Bytes as `printf %b` takes them; in single quotes a word for every shell. */
export function printfWord(bytes: Uint8Array): string {
  let word = '';
  for (const byte of bytes) word += ENCODED[byte] ?? '';
  return word;
}

const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x0a) return '\\n';
  return byte >= 0x20 && byte < 0x7f && !UNSAFE.includes(byte) ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, '0')}`;
});
