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
}

/** Lines of several sessions, each line whole and with the name it belongs to. */
export class PrefixedLines implements Lines {
  readonly #printer: Printer;
  readonly #isPlain: boolean;
  readonly #sources = new Map<string, Source>();
  readonly #paints = new Map<string, (text: string) => string>();
  #width: number;

  constructor(printer: Printer, { form, names }: LogStyle) {
    this.#printer = printer;
    this.#isPlain = form === 'plain';
    this.#width = Math.max(0, ...names.map((name) => textWidth(printable(name))));
  }

  async output({ session, chunk }: OutputEvent): Promise<void> {
    const key = `${session}\n${chunk.stream}`;
    const source = this.#sources.get(key) ?? { session, decoder: new StringDecoder('utf8'), pending: '' };
    this.#sources.set(key, source);
    const lines = (source.pending + source.decoder.write(chunk.bytes)).split('\n');
    source.pending = lines.pop() ?? '';
    if (source.pending.length >= MAX_LINE) {
      lines.push(source.pending);
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
      if (rest !== '') await this.#put(source.session, [rest]);
    }
  }

  async #put(session: string, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const prefix = this.#prefixOf(session);
    const text = lines.map((line) => `${prefix}${this.#isPlain ? plainLine(line) : colouredLine(line)}\n`).join('');
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
