import type { RunDirectory } from '../run-directory.ts';
import { readRun } from '../run-reader.ts';
import type { RunId } from '../run-record.ts';

/** What one who follows a session knows of its runs: nothing is shown twice, and nothing is read at each look again. */
export class RunTrail {
  /** Never to be shown again, whatever ids and claims say of their order. */
  readonly shown: Set<RunId> = new Set();
  /** Runs of other sessions. */
  readonly others: Set<RunId> = new Set();
  readonly #claims = new Map<RunId, number>();

  /** The number of the claim that a run has; null where its record does not say so, or not yet. */
  claimOf(run: RunDirectory): number | null {
    const known = this.#claims.get(run.runId);
    if (known !== undefined) return known;
    const claim = readRun(run).spec?.claim ?? null;
    if (claim !== null) this.#claims.set(run.runId, claim);
    return claim;
  }
}
