/** What changes a line that is already there, or is none of its text: controls but tab, in their seven-bit and eight-bit forms. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/**
 * One token of a line: a control sequence (CSI; a string such as a window title, also without its end; any other escape), a single
 * control, or text. Sequences end at the line's end: a job that was killed in one must not take its next lines along.
 */
const TOKEN = /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~]?)|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?|([\u0000-\u0008\u000b-\u001f\u007f-\u009f])|([^\u0000-\u0008\u000b-\u001f\u007f-\u009f]+)/gu;

/** A line without an end is given out in pieces of this size, so that memory stays bounded. Characters. */
const MAX_LINE = 256 * 1024;
/** No terminal is wider; a job that moves the cursor further must not make lines of megabytes. */
const MAX_COLUMN = 10_000;

/**
 * Makes text of what a job printed for a terminal, whatever way it is cut into pieces: control sequences go, and of a line that was
 * written over (a progress bar) the last state stays, as a terminal would show it. Lines are given out when they are complete.
 */
export class EscapeStripper {
  #pending = '';

  /** The lines that are complete by now. */
  push(text: string): string {
    const all = this.#pending + text;
    const end = all.lastIndexOf('\n') + 1;
    this.#pending = all.slice(end);
    const lines = end === 0 ? '' : plainLines(all.slice(0, end));
    return this.#pending.length < MAX_LINE ? lines : lines + this.end();
  }

  /** What is left at the end: a line without its end. */
  end(): string {
    const rest = plainLine(this.#pending);
    this.#pending = '';
    return rest;
  }
}

function plainLines(text: string): string {
  if (!CONTROL.test(text)) return text;
  return text.split('\n').map(plainLine).join('\n');
}

/** One line as a terminal shows it in the end. */
export function plainLine(line: string): string {
  const text = line.endsWith('\r') ? line.replace(/\r+$/, '') : line;
  if (!CONTROL.test(text)) return text;
  const row = new Row();
  for (const [, parameters = '', final, control, run] of text.matchAll(TOKEN)) {
    if (run !== undefined) row.write(run);
    else if (control !== undefined) row.control(control);
    else if (final !== undefined && final !== '') row.edit(final, parameters);
  }
  return row.text();
}

/** One line of a terminal: what was written, and where the next character goes. */
class Row {
  #cells: string[] = [];
  #column = 0;

  text(): string {
    return this.#cells.join('');
  }

  write(run: string): void {
    for (const character of run) {
      while (this.#cells.length < this.#column) this.#cells.push(' ');
      this.#cells[this.#column] = character;
      this.#column += 1;
    }
  }

  control(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1);
  }

  /** The sequences that change a line or move within it; those that leave it are as if they were not there. */
  edit(final: string, parameters: string): void {
    const number = Number(/^\d+/.exec(parameters)?.[0] ?? 0);
    switch (final) {
      case 'C':
        this.#column = Math.min(MAX_COLUMN, this.#column + Math.max(1, number));
        break;
      case 'D':
        this.#column = Math.max(0, this.#column - Math.max(1, number));
        break;
      case 'G':
        this.#column = Math.min(MAX_COLUMN, Math.max(1, number)) - 1;
        break;
      case 'J':
      case 'K':
        this.#erase(number);
        break;
      case 'P':
        this.#cells.splice(this.#column, Math.max(1, number));
        break;
    }
  }

  /** 0: from here on; 1: up to here; 2: the whole line. */
  #erase(part: number): void {
    if (part === 0) this.#cells.length = Math.min(this.#cells.length, this.#column);
    else if (part === 1) this.#cells.fill(' ', 0, this.#column + 1);
    else this.#cells = [];
  }
}
