import type { RawPath } from '../raw-path.ts';
import { rawPathFromText } from '../raw-path.ts';
import { nameText } from '../protocol/name-samples.ts';

const CONTROL = /[\u0001-\u001f\u007f]/g;
const PICTURE = /[\u2401-\u241f\u2421]/g;

/** A path as rclone writes it in lists, logs and arguments: control characters as their pictures. Only for paths that {@link nameFault} lets through. */
export function rclonePath(path: RawPath): string {
  return (nameText(path) ?? '').replaceAll(CONTROL, (char) => (char === '\u007f' ? '\u2421' : String.fromCharCode(0x2400 + char.charCodeAt(0))));
}

/** The other way. */
export function fromRclonePath(text: string): RawPath {
  return rawPathFromText(text.replaceAll(PICTURE, (char) => (char === '\u2421' ? '\u007f' : String.fromCharCode(char.charCodeAt(0) - 0x2400))));
}

/**
 * Characters that a backend cannot hold and rclone writes as others, by the names of rclone's own `encoding` option (rclone.org/overview/#encoding).
 * rclone undoes that on its way back; whoever else reads the destination sees other names than those of the checksum file.
 */
const ENCODED: Readonly<Record<string, RegExp>> = {
  LtGt: /[<>\uff1c\uff1e]/, DoubleQuote: /["\uff02]/, SingleQuote: /['\uff07]/, BackQuote: /[`\uff40]/, Dollar: /[$\uff04]/, Colon: /[:\uff1a]/, Question: /[?\uff1f]/,
  Asterisk: /[*\uff0a]/, Pipe: /[|\uff5c]/, Hash: /[#\uff03]/, Percent: /[%\uff05]/, BackSlash: /[\\\uff3c]/, Semicolon: /[;\uff1b]/, Exclamation: /[!\uff01]/, SquareBracket: /[[\]\uff3b\uff3d]/,
  CrLf: /[\r\n]/, Del: /\u007f/, Ctl: /[\u0001-\u001f]/,
  LeftSpace: /^[ \u2420]/, LeftPeriod: /^[.\uff0e]/, LeftTilde: /^[~\uff5e]/, LeftCrLfHtVt: /^[\r\n\t\v]/, RightSpace: /[ \u2420]$/, RightPeriod: /[.\uff0e]$/, RightCrLfHtVt: /[\r\n\t\v]$/,
};

/** All that any backend may not hold. */
export const EVERY_ENCODING: readonly string[] = Object.keys(ENCODED);

/** What rclone itself writes in the place of others, and its mark for a character that is meant as it stands: whatever the backend. */
const RESERVED = /[\u201b\u2400-\u241f\u2421\uff0f]|^\uff0e{1,2}$/;

/** Whether a name (one part of a path) would arrive as another one, or not at all. `encoding`: as `rclone config providers` tells it. */
export function nameFault(name: RawPath, encoding: readonly string[]): boolean {
  const text = nameText(name);
  return text === null || RESERVED.test(text) || encoding.some((flag) => ENCODED[flag]?.test(text) === true);
}

/** Whether any part of a path has a {@link nameFault}. */
export function pathFault(path: RawPath, encoding: readonly string[]): boolean {
  return path.split('/').some((part) => nameFault(part as RawPath, encoding));
}
