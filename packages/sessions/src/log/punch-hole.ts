import { statSync, utimesSync } from 'node:fs';

import { describeOutcome, succeeded, systemRunner } from '@longhaul/exec';

/** A range of a file that is given back to the file system. The file keeps its length; the range reads as zeros. */
export interface Hole {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** Whether it was done; why it cannot be. */
export type PunchOutcome = { readonly kind: 'punched' } | { readonly kind: 'impossible'; readonly reason: string };

/** Gives a range of a file back to the file system. */
export type HolePuncher = (hole: Hole) => Promise<PunchOutcome>;

const TIMEOUT_MS = 60_000;

/**
 * By `fallocate --punch-hole` of util-linux: Node has no call for it. The time of the last write stays what it was, for `--since`
 * dates output by it.
 */
export async function punchHole({ path, from, to }: Hole): Promise<PunchOutcome> {
  const before = statSync(path);
  const args = ['--punch-hole', '--offset', String(from), '--length', String(to - from), path];
  const outcome = await systemRunner({ engine: 'node' }).run({ program: 'fallocate', args, env: { set: { LC_ALL: 'C' } }, timeoutMs: TIMEOUT_MS });
  if (!succeeded(outcome)) return { kind: 'impossible', reason: describeOutcome(outcome) };
  if (statSync(path).size === before.size) utimesSync(path, before.atime, before.mtime);
  return { kind: 'punched' };
}

/** Far behind the end of any log. */
const NOWHERE = 2 ** 40;

/**
 * Whether holes can be made in this file: tried where it has nothing. To be asked before a hole is recorded, and the record
 * comes before the hole.
 */
export async function canPunch(path: string, punch: HolePuncher): Promise<PunchOutcome> {
  return punch({ path, from: NOWHERE, to: NOWHERE + 4096 });
}
