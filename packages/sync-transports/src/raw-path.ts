/**
 * A file name as the bytes it is: one character per byte (latin1), `/` between parts, relative, without leading `./`.
 * Names are bytes (design §5.1): newline, backslash and non-UTF-8 survive. Compare and sort as they stand; show with displayPath.
 */
export type RawPath = string & { readonly __rawPath: true };

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The bytes of a raw path, for file system calls and for stdin of upstream tools. */
export function rawPathBytes(path: RawPath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** Takes bytes, as `readdir` with `encoding: 'buffer'` gives them. */
export function rawPathFromBytes(bytes: Uint8Array): RawPath {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as RawPath;
}

/** Takes an ordinary JavaScript string and encodes it as UTF-8. */
export function rawPathFromText(text: string): RawPath {
  return Buffer.from(text, 'utf8').toString('latin1') as RawPath;
}

/** For people: UTF-8 where it is UTF-8, control characters, backslashes and other bytes escaped as `\n`, `\\`, `\xNN`. */
export function displayPath(path: RawPath): string {
  const bytes = rawPathBytes(path);
  try {
    return escapeControls(decoder.decode(bytes), (char) => hex(char.codePointAt(0) ?? 0));
  } catch {
    // Not UTF-8: every byte beyond ASCII is shown as it is.
    return escapeControls(path, (char) => hex(char.charCodeAt(0)), /[\u0000-\u001f\u007f-\u00ff\\]/g);
  }
}

function escapeControls(text: string, other: (char: string) => string, unsafe = /[\u0000-\u001f\u007f-\u009f\\]/g): string {
  return text.replace(unsafe, (char) => (char === '\n' ? '\\n' : char === '\\' ? '\\\\' : other(char)));
}

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`;
}

/** `folder/name`; an empty folder is the root itself. */
export function joinRaw(folder: RawPath, ...names: readonly RawPath[]): RawPath {
  return names.reduce((path, name) => (path === '' ? name : (`${path}/${name}` as RawPath)), folder);
}

/** The folder a path lies in: empty for a path of one part. */
export function rawParent(path: RawPath): RawPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) as RawPath;
}

/** The last part of a path. */
export function rawBase(path: RawPath): RawPath {
  return path.slice(path.lastIndexOf('/') + 1) as RawPath;
}
