import { StringDecoder } from 'node:string_decoder';

import pc from 'picocolors';

import type { Lines, LogStyle, OutputEvent } from './log-style.ts';
import { printable } from './printable.ts';
import type { Printer } from './printer.ts';
import { plainLine } from './strip-escapes.ts';
import { textWidth } from './text-width.ts';

/** A line is held until it is complete; longer ones are given out in pieces. Characters. */
const MAX_LINE = 256 * 1024;
/** Colours of a line stay, what moves the cursor or the screen does not. */
const COLOURS = /\u001b\[[0-9;:]*m/g;
const OTHER_CONTROLS = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const RESET = '\u001b[0m';

interface Source {
  readonly session: string;
  readonly decoder: StringDecoder;
  pending: string;
  /** When what is pending began. */
  at: string | undefined;
}

interface Line {
  readonly text: string;
  readonly at: string | undefined;
}

/** As wide as a moment. */
const NO_TIME = '-'.padEnd(new Date(0).toISOString().length);

/** Lines of one session or several, each line whole, with the name it belongs to, the moment at which it began, or both. */
export class PrefixedLines implements Lines {
  readonly #printer: Printer;
  readonly #style: LogStyle;
  readonly #sources = new Map<string, Source>();
  readonly #paints = new Map<string, (text: string) => string>();
  #width: number;

  constructor(printer: Printer, style: LogStyle) {
    this.#printer = printer;
    this.#style = style;
    this.#width = Math.max(0, ...style.names.map((name) => textWidth(printable(name))));
  }

  async output({ session, chunk }: OutputEvent): Promise<void> {
    const key = `${session}\n${chunk.stream}`;
    const source = this.#sources.get(key) ?? { session, decoder: new StringDecoder('utf8'), pending: '', at: undefined };
    this.#sources.set(key, source);
    const first = source.pending === '' ? chunk.at : source.at;
    const texts = (source.pending + source.decoder.write(chunk.bytes)).split('\n');
    source.pending = texts.pop() ?? '';
    source.at = texts.length === 0 ? first : chunk.at;
    const lines = texts.map((text, index): Line => ({ text, at: index === 0 ? first : chunk.at }));
    if (source.pending.length >= MAX_LINE) {
      lines.push({ text: source.pending, at: source.at });
      source.pending = '';
    }
    await this.#put(session, lines);
  }

  async breakLine(whose: string | null): Promise<void> {
    if (whose === null) return;
    for (const [key, source] of this.#sources) {
      if (whose !== 'all' && source.session !== whose) continue;
      this.#sources.delete(key);
      const rest = source.pending + source.decoder.end();
      if (rest !== '') await this.#put(source.session, [{ text: rest, at: source.at }]);
    }
  }

  async #put(session: string, lines: readonly Line[]): Promise<void> {
    if (lines.length === 0) return;
    const { form, prefix, times } = this.#style;
    const name = prefix === 'name' ? this.#prefixOf(session) : '';
    const stamp = (at: string | undefined): string => (times === 'line' ? `${at ?? NO_TIME} ` : '');
    const text = lines.map((line) => `${name}${stamp(line.at)}${form === 'plain' ? plainLine(line.text) : colouredLine(line.text)}\n`).join('');
    await this.#printer.bytes(Buffer.from(text, 'utf8'));
  }

  #prefixOf(session: string): string {
    const name = printable(session);
    this.#width = Math.max(this.#width, textWidth(name));
    const paint = this.#paints.get(session) ?? this.#nextPaint();
    this.#paints.set(session, paint);
    return paint(`${name}${' '.repeat(this.#width - textWidth(name))} | `);
  }

  #nextPaint(): (text: string) => string {
    const { cyan, yellow, green, magenta, blue, cyanBright, yellowBright, greenBright, magentaBright, blueBright } = pc.createColors(this.#printer.colours.bold('x') !== 'x');
    const all = [cyan, yellow, green, magenta, blue, cyanBright, yellowBright, greenBright, magentaBright, blueBright];
    return all[this.#paints.size % all.length] ?? cyan;
  }
}

/** The last state of a line, with its colours: what was written over would have hidden the name before it. */
function colouredLine(line: string): string {
  const text = line.replace(/\r+$/, '');
  const last = text.slice(text.lastIndexOf('\r') + 1);
  if (!last.includes('\u001b[')) return last.replace(OTHER_CONTROLS, '');
  const parts = last.split(COLOURS).map((part) => part.replace(OTHER_CONTROLS, ''));
  const colours = last.match(COLOURS) ?? [];
  return parts.map((part, index) => part + (colours[index] ?? '')).join('') + (colours.length > 0 ? RESET : '');
}
