import type { SealedFile } from '../seal.ts';
import type { RawPath } from '../raw-path.ts';
import type { PushRequest } from '../transport.ts';
import type { CopyProgress } from '../worker/tasks.ts';

/** Adds up what a push has done, in the terms of the port: position within the seal, and what travelled. */
export class PushProgress {
  bytesSent = 0;
  readonly #request: PushRequest;
  #bytesDone = 0;
  #filesDone = 0;
  #current: RawPath | null = null;

  constructor(request: PushRequest) {
    this.#request = request;
  }

  /** Files that are whole without a byte of them having travelled. */
  there(files: readonly SealedFile[]): void {
    for (const { size } of files) this.#bytesDone += size;
    this.#filesDone += files.length;
    this.#tell();
  }

  copied({ files, bytes, resumed, current }: CopyProgress): void {
    this.bytesSent += bytes;
    this.#bytesDone += bytes + resumed;
    this.#filesDone += files;
    this.#current = current as RawPath;
    this.#tell();
  }

  #tell(): void {
    const { bytes: bytesTotal, files: filesTotal } = this.#request.seal.totals;
    this.#request.onProgress?.({ bytesDone: this.#bytesDone, bytesTotal, filesDone: this.#filesDone, filesTotal, bytesSent: this.bytesSent, currentFile: this.#current });
  }
}
