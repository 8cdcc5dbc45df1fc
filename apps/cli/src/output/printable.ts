/**
 * What a terminal would obey instead of show: control characters (C0, DEL, C1), line and paragraph separators, and the
 * characters that turn the direction of writing around. Names of jobs and files come from outside; shown raw, they could
 * rewrite the screen.
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\' };

/** Any text as one line that a terminal only shows; what it hides is written as an escape, so that nothing is lost. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (char) => SHORT[char] ?? `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A path or file name that is in its display form already (`\n`, `\xNN`): backslashes are left as they are. */
export function printablePath(text: string): string {
  return text.replace(UNSAFE, (char) => (char === '\\' ? char : printable(char)));
}

/** Several lines of a message: line breaks and backslashes stay, everything else is escaped. */
export function printableMessage(text: string): string {
  return text.split('\n').map(printablePath).join('\n');
}
