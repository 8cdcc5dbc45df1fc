/** Lines at the bottom of a terminal that are drawn again and again. */
export class LiveLines {
  readonly #stream: NodeJS.WriteStream;
  #drawn = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** How many lines fit without scrolling what is above away. */
  get room(): number {
    return Math.max(1, (this.#stream.rows || 24) - 2);
  }

  /** Cells that a line may take: in the last column some terminals wrap at once. */
  get width(): number {
    return Math.max(10, (this.#stream.columns || 80) - 1);
  }

  draw(lines: readonly string[]): void {
    this.#stream.write(`${this.#home()}${lines.join('\n')}`);
    this.#drawn = lines.length;
  }

  /** Takes them away, so that what follows stands alone. */
  clear(): void {
    if (this.#drawn > 0) this.#stream.write(this.#home());
    this.#drawn = 0;
  }

  /** To where the first line begins, with all that follows erased. */
  #home(): string {
    return this.#drawn > 1 ? `\r\u001b[${String(this.#drawn - 1)}A\u001b[J` : '\r\u001b[K';
  }
}
