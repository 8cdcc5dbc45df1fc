import type { Comparison } from './paired.ts';
import { median } from './paired.ts';

/** A figure with the aim it is held against. */
export interface Figure {
  readonly title: string;
  readonly value: number;
  readonly unit: string;
  readonly aim: number | null;
  readonly detail: string;
}

/** A comparison as a figure: the ratio of the medians. */
export function ratioFigure(comparison: Comparison, aim: number | null): Figure {
  const seconds = (values: readonly number[]): string => `${(median(values) / 1000).toFixed(3)} s`;
  const [low, high] = comparison.spread;
  const detail = `${seconds(comparison.ours)} against ${seconds(comparison.theirs)}, pairs ${low.toFixed(2)}–${high.toFixed(2)}`;
  return { title: comparison.title, value: comparison.ratio, unit: '×', aim, detail };
}

/** One line a figure: the value, the aim, whether it is met. */
export function printFigure(figure: Figure): void {
  const verdict = figure.aim === null ? '' : figure.value <= figure.aim ? ` (aim ≤ ${String(figure.aim)}: met)` : ` (aim ≤ ${String(figure.aim)}: MISSED)`;
  console.log(`${figure.title}: ${figure.value.toFixed(2)} ${figure.unit}${verdict} — ${figure.detail}`);
}
