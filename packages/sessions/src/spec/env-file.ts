import { SessionConfigError } from '@longhaul/errors';

/** One line of an env file. */
export interface EnvFileEntry {
  readonly name: string;
  /** null: the line has only the name, and the caller's value is taken. */
  readonly value: string | null;
  /** Counted from 1. */
  readonly line: number;
}

/** Which file it is, for the message of an error. */
export interface EnvFileSource {
  readonly file: string;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"', $: '$', '`': '`' };
/** Blank lines and comments. */
const NOTHING = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const NAME = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)/y;
const SINGLE_QUOTED = /'([^']*)'/y;
const DOUBLE_QUOTED = /"((?:[^"\\]|\\[^])*)"/y;
/** A `#` begins a comment where blank space stands before it, as in sh. */
const UNQUOTED = /((?:(?![ \t]+#)[^\r\n])*)/y;
const BLANKS = /[ \t]*/y;

/**
 * Reads an env file: lines of `KEY=VALUE`, or `KEY` for the caller's value; blank lines, comments (`#`) and the prefix
 * `export ` as in sh. Nothing is expanded.
 *
 * A value in single quotes is taken as it stands, line ends included. In double quotes `\n \r \t \\ \" \$` and a
 * backquote after a backslash are escapes, any other backslash stands for itself. Without quotes a value goes to the end
 * of the line, or to a `#` after blank space; blank space around it does not count.
 *
 * @throws SessionConfigError with file and line. What the line says is left out: it may be a secret.
 */
export function parseEnvFile(text: string, { file }: EnvFileSource): readonly EnvFileEntry[] {
  const entries: EnvFileEntry[] = [];
  const reader = new Reader(text.replace(/^\uFEFF/, ''), file);
  while (!reader.atEnd()) {
    if (reader.take(NOTHING) !== null) continue;
    entries.push(reader.entry());
  }
  return entries;
}

/** The text of an env file. @throws SessionConfigError where it is not UTF-8: such a value would arrive changed */
export function decodeEnvFile(bytes: Uint8Array, { file }: EnvFileSource): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SessionConfigError(`${JSON.stringify(file)} is not UTF-8`, { cause, hint: 'Values of other bytes can be encoded, in base64 for example, and decoded by the job' });
  }
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  #at: number = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    if (text.includes('\0')) throw this.#problem('holds a NUL, which no environment can carry', text.indexOf('\0'));
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The first group (or the whole) of what stands here, or null; moves on behind it. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[1] ?? match[0];
  }

  entry(): EnvFileEntry {
    const start = this.#at;
    const name = this.take(NAME);
    if (name === null) throw this.#problem('does not begin with a name (KEY=VALUE)', start);
    const line = this.#lineOf(start);
    if (!this.#text.startsWith('=', this.#at)) {
      this.#endLine(start, 'has something other than "=" after the name');
      return { name, value: null, line };
    }
    this.#at += 1;
    const value = this.#value(start);
    this.#endLine(start, 'has something after the closing quote');
    return { name, value, line };
  }

  #value(start: number): string {
    const blanks = this.take(BLANKS);
    const quote = this.#text[this.#at];
    if (blanks !== '' && quote === '#') return '';
    if (quote === "'") return this.take(SINGLE_QUOTED) ?? this.#unclosed(start);
    if (quote === '"') return (this.take(DOUBLE_QUOTED) ?? this.#unclosed(start)).replace(/\\([^])/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
    return (this.take(UNQUOTED) ?? '').trimEnd();
  }

  #endLine(start: number, complaint: string): void {
    if (this.take(NOTHING) === null) throw this.#problem(complaint, start);
  }

  #unclosed(start: number): never {
    throw this.#problem('opens a quote that is never closed', start);
  }

  #lineOf(index: number): number {
    return this.#text.slice(0, index).split('\n').length;
  }

  #problem(complaint: string, index: number): SessionConfigError {
    return new SessionConfigError(`${JSON.stringify(this.#file)}, line ${String(this.#lineOf(index))} ${complaint}`, { hint: 'Write KEY=VALUE, KEY="VALUE", or KEY alone for the value of your own environment' });
  }
}
