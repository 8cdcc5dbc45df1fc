/** What the remote shell says when it waits for its scripts. Anything before it was printed by the login shell's start-up files. */
const READY = Buffer.from('longhaul-shell 1\n');
/** A login shell that prints more than this before our shell starts is cut off. Bytes. */
const MAX_NOISE = 64 * 1024;

export type ReadShellOutput = (chunk: Uint8Array) => void;

/** How a script ended. */
export interface ScriptEnd {
  readonly exitCode: number;
  readonly stderr: string;
}

interface Expected {
  readonly mark: Buffer;
  readonly onChunk: ReadShellOutput;
  readonly resolve: (end: ScriptEnd) => void;
}

/**
 * Reads the stdout of a remote shell: first that it is there, then, for each script, what the script printed up to its mark, and how
 * it ended. A mark is random, so nothing that a script prints is taken for one.
 */
export class ShellOutput {
  readonly ready: Promise<'ready' | 'noisy'>;
  #settle: (state: 'ready' | 'noisy') => void = () => undefined;
  #state: 'starting' | 'ready' | 'noisy' = 'starting';
  #held: Buffer = Buffer.alloc(0);
  #expected: Expected | null = null;

  constructor() {
    this.ready = new Promise((resolve) => (this.#settle = resolve));
  }

  /** What was printed before our shell; empty where nothing was. */
  get noise(): string {
    return this.#state === 'ready' ? '' : this.#held.toString().slice(0, 300).trim();
  }

  /** Settles when the script with this mark has ended; until then its output goes to `onChunk`. */
  async expect(mark: string, onChunk: ReadShellOutput): Promise<ScriptEnd> {
    return new Promise((resolve) => {
      this.#expected = { mark: Buffer.from(mark), onChunk, resolve };
    });
  }

  accept(chunk: Uint8Array): void {
    this.#held = this.#held.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([this.#held, chunk]);
    if (this.#state === 'starting') this.#lookForShell();
    if (this.#state === 'ready' && this.#expected !== null) this.#lookForEnd(this.#expected);
  }

  #lookForShell(): void {
    const at = this.#held.indexOf(READY);
    if (at === 0) {
      this.#held = this.#held.subarray(READY.length);
      this.#state = 'ready';
    } else if (at > 0 || this.#held.length > MAX_NOISE) {
      this.#held = this.#held.subarray(0, at > 0 ? at : MAX_NOISE);
      this.#state = 'noisy';
    } else {
      return;
    }
    this.#settle(this.#state);
  }

  /** What may be the beginning of the mark is held back. */
  #lookForEnd({ mark, onChunk, resolve }: Expected): void {
    const at = this.#held.indexOf(mark);
    const printed = this.#held.subarray(0, at === -1 ? Math.max(0, this.#held.length - mark.length) : at);
    if (printed.length > 0) onChunk(printed);
    this.#held = this.#held.subarray(printed.length);
    if (at === -1) return;
    const [code, stderr, rest] = this.#held.toString('latin1', mark.length).split('\0', 3);
    if (code === undefined || stderr === undefined || rest === undefined) return;
    this.#held = Buffer.alloc(0);
    this.#expected = null;
    resolve({ exitCode: Number(code), stderr: Buffer.from(stderr, 'latin1').toString() });
  }
}
