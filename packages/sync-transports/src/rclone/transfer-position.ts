import type { RawPath } from '../raw-path.ts';
import type { Seal } from '../seal.ts';
import type { TransferProgress } from '../transport.ts';
import { copiedFile, parseLogLine } from './json-log.ts';
import type { PushPlan } from './push-plan.ts';
import { fromRclonePath } from './standard-names.ts';

/** Where a push stands within its seal, read from rclone's log: what was there before counts as done. Never runs backwards. */
export class TransferPosition {
  readonly copied: Set<RawPath> = new Set<RawPath>();
  readonly #totals: Seal['totals'];
  readonly #there: PushPlan['done'];
  /** Bytes of files that rclone has found unchanged: told by nobody, so they appear when it is over. */
  #sent = 0;
  #best = 0;
  #current: RawPath | null = null;
  #isDone = false;

  constructor(seal: Seal, there: PushPlan['done']) {
    this.#totals = seal.totals;
    this.#there = there;
    this.#best = there.bytes;
  }

  get bytesSent(): number {
    return this.#sent;
  }

  /** One line of the log. */
  accept(line: string): void {
    const parsed = parseLogLine(line);
    if (parsed === null) return;
    const file = copiedFile(parsed);
    if (file !== null) this.copied.add(fromRclonePath(file));
    if (parsed.stats === null) return;
    this.#sent = Math.max(this.#sent, parsed.stats.bytes);
    const [first] = parsed.stats.transferring;
    this.#current = first === undefined ? null : fromRclonePath(first.name);
  }

  /** All of it is there. */
  finish(): void {
    this.#isDone = true;
    this.#current = null;
  }

  progress(): TransferProgress {
    const { bytes: bytesTotal, files: filesTotal } = this.#totals;
    this.#best = this.#isDone ? bytesTotal : Math.min(bytesTotal, Math.max(this.#best, this.#there.bytes + this.#sent));
    const filesDone = this.#isDone ? filesTotal : Math.min(filesTotal, this.#there.files + this.copied.size);
    return { bytesDone: this.#best, bytesTotal, filesDone, filesTotal, bytesSent: this.#sent, currentFile: this.#current };
  }
}
