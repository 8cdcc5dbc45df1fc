import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import type { Claim, UnreadableClaim } from './claim.ts';
import { formatClaim, parseClaim } from './claim.ts';
import { isErrno } from './errno.ts';
import type { SessionName } from './session-name.ts';
import type { StateDirectory } from './state-directory.ts';

const NUMBER = /^[1-9]\d{0,15}$/;

/** The claims of a session, the highest first; none where the session does not exist. */
export function listClaims(state: StateDirectory, session: SessionName): readonly (Claim | UnreadableClaim)[] {
  return numbersOf(state, session).flatMap((number) => readClaim(state, { session, number }));
}

/** The highest claim only: what a list of many sessions needs. */
export function highestClaim(state: StateDirectory, session: SessionName): Claim | UnreadableClaim | null {
  for (const number of numbersOf(state, session)) {
    const [claim] = readClaim(state, { session, number });
    if (claim !== undefined) return claim;
  }
  return null;
}

/** Creates a claim in one step. `taken`: somebody else has this number. `gone`: the session was removed at the same time. */
export function createClaim(state: StateDirectory, claim: Claim): 'created' | 'taken' | 'gone' {
  try {
    makeFolder(state.session(claim.session));
    makeFolder(state.claims(claim.session));
    symlinkSync(formatClaim(claim), claimPath(state, claim));
    return 'created';
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return 'taken';
    if (isErrno(error, 'ENOENT') && existsSync(state.sessions)) return 'gone';
    throw error;
  }
}

/** Takes a claim back. Harmless when it is gone. */
export function deleteClaim(state: StateDirectory, claim: Pick<Claim, 'session' | 'number'>): void {
  rmSync(claimPath(state, claim), { force: true });
}

/** Puts another text in the place of a claim, in one step. */
export function replaceClaim(state: StateDirectory, claim: Claim): void {
  const draft = join(state.claims(claim.session), `.${String(claim.number)}.${String(process.pid)}.tmp`);
  rmSync(draft, { force: true });
  symlinkSync(formatClaim(claim), draft);
  renameSync(draft, claimPath(state, claim));
}

/** Not `recursive`: there Node says ENOENT for a read-only file system, which means something else here. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}

function numbersOf(state: StateDirectory, session: SessionName): readonly number[] {
  let names: readonly string[];
  try {
    names = readdirSync(state.claims(session));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  const numbers = names.filter((name) => NUMBER.test(name)).map(Number);
  return numbers.length < 2 ? numbers : numbers.sort((a, b) => b - a);
}

function readClaim(state: StateDirectory, place: Pick<Claim, 'session' | 'number'>): readonly (Claim | UnreadableClaim)[] {
  try {
    return [parseClaim(readlinkSync(claimPath(state, place)), place)];
  } catch (error) {
    // Taken back since it was listed.
    if (isErrno(error, 'ENOENT')) return [];
    // Something that is no link: no version of ours put it there.
    if (isErrno(error, 'EINVAL')) return [{ ...place, kind: 'unreadable' }];
    throw error;
  }
}

function claimPath(state: StateDirectory, { session, number }: Pick<Claim, 'session' | 'number'>): string {
  return `${state.claims(session)}/${String(number)}`;
}
