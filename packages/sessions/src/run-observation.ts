import type { RestartLoop } from './restart/restart-loop.ts';
import { judgeLoop } from './restart/restart-loop.ts';
import type { RunDirectory } from './run-directory.ts';
import { RUN_FILES } from './run-files.ts';
import type { RunRecords, Starter } from './run-record.ts';
import type { RunReading } from './run-reader.ts';
import { readRun } from './run-reader.ts';
import type { RunVerdict } from './run-verdict.ts';
import { hasEnded, judgeRun, mayLive } from './run-verdict.ts';
import type { World } from './world.ts';

/** A run's records and what they mean. */
export interface RunObservation {
  readonly reading: RunReading;
  readonly verdict: RunVerdict;
  /** What comes after it, under a restart policy. */
  readonly loop: RestartLoop;
}

/** How to look at a run. */
export interface ObserveOptions {
  readonly world: World;
  /** Who claimed it, where its spec.json is not written yet. */
  readonly starter?: Starter | null;
}

/** Reads and judges a run. */
export function observeRun(run: RunDirectory, options: ObserveOptions): RunObservation {
  const seen = observeOnce(run, options);
  const { verdict, loop } = seen;
  const isConcluded = (hasEnded(verdict) && verdict.recorded !== 'exit.json') || (loop.kind === 'over' && seen.reading.records.loopEnd === null);
  // The launcher may have written its last record and ended between our look at its records and our look at its process.
  return isConcluded ? observeOnce(run, options) : seen;
}

function observeOnce(run: RunDirectory, { world, starter = null }: ObserveOptions): RunObservation {
  const reading = readRun(run, starter);
  const verdict = judgeRun(reading.records, world);
  return { reading, verdict, loop: judgeLoop(reading, verdict, world) };
}

/** Whether a run's folder was made and nothing more: neither says its spec who asked for it, nor has a launcher been there. */
export function isUnprepared({ reading }: Pick<RunObservation, 'reading'>): boolean {
  const { exists, spec, records } = reading;
  return exists && spec === null && records.damaged.length === 0 && !hasLauncherTraces(records);
}

/** Whether a launcher has written anything, be it unreadable. stop.json is not its own. */
export function hasLauncherTraces({ launcher, start, exit, damaged }: RunRecords): boolean {
  const own: readonly string[] = [RUN_FILES.launcher, RUN_FILES.start, RUN_FILES.exit];
  return launcher !== null || start !== null || exit !== null || damaged.some(({ file }) => own.includes(file));
}

/** Whether a session's name is taken: its job may live, or is about to be started again. */
export function holdsName({ verdict, loop }: Pick<RunObservation, 'verdict' | 'loop'>): boolean {
  return mayLive(verdict) || loop.kind === 'waiting';
}
