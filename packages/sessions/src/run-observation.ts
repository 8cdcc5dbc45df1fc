import type { RunDirectory } from './run-directory.ts';
import type { Starter } from './run-record.ts';
import type { RunReading } from './run-reader.ts';
import { readRun } from './run-reader.ts';
import type { RunVerdict } from './run-verdict.ts';
import { hasEnded, judgeRun } from './run-verdict.ts';
import type { World } from './world.ts';

/** A run's records and what they mean. */
export interface RunObservation {
  readonly reading: RunReading;
  readonly verdict: RunVerdict;
}

/** How to look at a run. */
export interface ObserveOptions {
  readonly world: World;
  /** Who claimed it, where its spec.json is not written yet. */
  readonly starter?: Starter | null;
}

/** Reads and judges a run. */
export function observeRun(run: RunDirectory, { world, starter = null }: ObserveOptions): RunObservation {
  const reading = readRun(run, starter);
  const verdict = judgeRun(reading.records, world);
  if (!hasEnded(verdict) || verdict.recorded === 'exit.json') return { reading, verdict };
  // The launcher may have published exit.json and ended between our look at its records and our look at its process.
  const again = readRun(run, starter);
  return { reading: again, verdict: judgeRun(again.records, world) };
}
