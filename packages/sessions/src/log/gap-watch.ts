import { readGaps } from './log-gaps.ts';
import type { LogGap } from './log-gaps.ts';
import type { RunLogNotice } from './run-log-event.ts';
import type { RunLogOptions } from './run-log-options.ts';

/** Tells a reader of each gap of a log once, before what was printed after it. */
export class GapWatch {
  readonly #runPath: string;
  readonly #options: Pick<RunLogOptions, 'after' | 'since'>;
  #gaps: readonly LogGap[] = [];
  #seen: number = 0;

  constructor(runPath: string, options: Pick<RunLogOptions, 'after' | 'since'>) {
    this.#runPath = runPath;
    this.#options = options;
  }

  /** To be called when it is known how far the log goes: a gap is written down before what follows it. `growing`: it is called again. */
  look(file: 'whole' | 'growing'): void {
    const all = readGaps(this.#runPath, file);
    this.#gaps = [...this.#gaps, ...all.slice(this.#seen).filter((gap) => this.#isWanted(gap))];
    this.#seen = all.length;
  }

  /** Those that lie before this offset and were not told; null for all. */
  *before(offset: number | null): Generator<RunLogNotice> {
    const isDue = ({ at }: LogGap): boolean => offset === null || (at !== null && at < offset);
    const due = this.#gaps.filter(isDue);
    if (due.length === 0) return;
    this.#gaps = this.#gaps.filter((gap) => !isDue(gap));
    for (const { notice } of due) yield notice;
  }

  /** Whoever goes on from a cursor was told of what lies before it; whoever asks since a moment did not ask for more. */
  #isWanted({ at, notice }: LogGap): boolean {
    const { after, since } = this.#options;
    if (after !== undefined && at !== null && at < after) return false;
    return since === undefined || notice.to === null || Date.parse(notice.to) >= since.getTime();
  }
}
