/** Control sequences of terminals: CSI, OSC (also without its end), other escapes, and controls but tab and newline. */
const ESCAPES = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Longer than this a sequence is no sequence: it is given out as text. Characters. */
const MAX_PENDING = 4096;

/**
 * Takes the terminal's control sequences out of a stream of text, whatever way it is cut into pieces. What a job prints is
 * its own; a file or a pipe is better off without.
 */
export class EscapeStripper {
  #pending = '';

  /** The readable part of what is known so far. */
  push(text: string): string {
    const all = this.#pending + text;
    const cut = incompleteFrom(all);
    this.#pending = all.slice(cut);
    return all.slice(0, cut).replace(ESCAPES, '');
  }

  /** What is left at the end. */
  end(): string {
    const rest = this.#pending.replace(ESCAPES, '');
    this.#pending = '';
    return rest;
  }
}

/** Where a sequence begins that may not be complete yet; the length of the text where there is none. */
function incompleteFrom(text: string): number {
  const start = text.lastIndexOf('\u001b');
  if (start === -1 || text.length - start > MAX_PENDING) return text.length;
  return /^\u001b(?:\[[0-?]*[ -/]*|[\]PX^_][^\u0007\u001b]*|[ -/]*)$/.test(text.slice(start)) ? start : text.length;
}
