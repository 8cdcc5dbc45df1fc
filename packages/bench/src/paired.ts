/** One side of a comparison: what is timed, and what must be undone between two runs (not timed). */
export interface Side {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  readonly reset?: () => Promise<void>;
}

export interface Comparison {
  readonly title: string;
  /** Milliseconds of each run, in order. */
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  /** Median of ours over median of theirs. */
  readonly ratio: number;
  /** Smallest and largest of the ratios pair by pair. */
  readonly spread: readonly [number, number];
}

/**
 * Runs two sides alternately in one process, so that what the machine does meanwhile hits both.
 * `warmUps` pairs come first and do not count: one, unless a side takes minutes.
 */
export async function compare(title: string, sides: { readonly ours: Side; readonly theirs: Side; readonly pairs: number; readonly warmUps?: number }): Promise<Comparison> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const { warmUps = 1 } = sides;
  for (let pair = 0; pair < warmUps + sides.pairs; pair += 1) {
    const [a, b] = [await timed(sides.ours), await timed(sides.theirs)];
    if (pair < warmUps) continue;
    ours.push(a);
    theirs.push(b);
  }
  const pairwise = ours.map((value, index) => value / (theirs[index] ?? Number.NaN));
  return { title, ours, theirs, ratio: median(ours) / median(theirs), spread: [Math.min(...pairwise), Math.max(...pairwise)] };
}

async function timed(side: Side): Promise<number> {
  const started = performance.now();
  await side.run();
  const elapsed = performance.now() - started;
  await side.reset?.();
  return elapsed;
}

/** Of a list that is not empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
