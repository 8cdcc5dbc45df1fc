import type { InstallPlatform } from '@longhaul/errors';
import { installHint } from '@longhaul/errors';

import type { DoctorRow, Fact } from './doctor-row.ts';
import { fine, problem, unknownRow, warning } from './doctor-row.ts';
import { isAtLeast, versionIn } from './versions.ts';

/** A program, and what it says of itself. */
export interface ProgramFact {
  readonly path: string;
  /** The line that names its version. */
  readonly version: string;
}

/** script(1), tried. */
export interface ScriptFact extends ProgramFact {
  /** Which command line it understands. */
  readonly form: 'util-linux' | 'bsd' | 'other';
  /** Whether it ran a command and passed on its code. */
  readonly works: boolean;
}

/** `attach --read-only` asks tmux for `-f read-only,ignore-size`. */
const TMUX_READ_ONLY = [3, 2];
const TMUX_FLOOR = [3, 0];

export function tmuxRow(fact: Fact<ProgramFact | null>, platform: InstallPlatform): DoctorRow {
  if (!fact.known) return unknownRow('tmux', fact);
  if (fact.value === null) return problem('tmux', 'it is not installed: sessions need it', installHint('tmux', platform));
  const version = versionIn(fact.value.version);
  const found = `${fact.value.version} (${fact.value.path})`;
  if (version === null || isAtLeast(version, TMUX_READ_ONLY)) return fine('tmux', found);
  if (isAtLeast(version, TMUX_FLOOR)) return warning('tmux', `${found}: attach --read-only needs 3.2`, installHint('tmux', platform));
  return problem('tmux', `${found} is too old: 3.0 is needed`, installHint('tmux', platform));
}

export function scriptRow(fact: Fact<ScriptFact | null>, nodePlatform: NodeJS.Platform, platform: InstallPlatform): DoctorRow {
  const fix = installHint('script', platform);
  if (!fact.known) return unknownRow('script', fact, fix);
  if (fact.value === null) return problem('script', 'it is not installed: it gives jobs their terminal and their log', fix);
  const { form, works, version, path } = fact.value;
  const found = `${version} (${path})`;
  if (!works) return problem('script', `${found} cannot be used: it did not run a command and pass on its code`, fix);
  if (nodePlatform === 'linux' && form !== 'util-linux') return problem('script', `${found} is not the one of util-linux, whose options the launcher uses`, fix);
  if (form === 'util-linux') {
    const number = versionIn(version);
    if (number !== null && !isAtLeast(number, [2, 35])) return problem('script', `${found} is too old: the log and its times need 2.35`, fix);
    return fine('script', found);
  }
  return warning('script', `${found} is of BSD: the log has no times, so logs --since cannot be answered`, null);
}

/** What runs this very program. It would not have come so far with a Node that is too old. */
export function nodeRow(version: string, path: string): DoctorRow {
  return fine('node', `${version} (${path})`);
}

/** A program that only sync needs. */
export interface SyncProgram {
  readonly program: 'rsync' | 'ssh' | 'rclone';
  readonly fact: Fact<ProgramFact | null>;
  /** Whether a destination of the configuration needs it. */
  readonly needed: boolean;
}

/** rsync 3.1 has --info=progress2 and --outbuf (design §5.2). */
const RSYNC_FLOOR = [3, 1];
/** Debian 12's; older ones were not tried. */
const RCLONE_FLOOR = [1, 60];

export function syncProgramRow({ program, fact, needed }: SyncProgram, platform: InstallPlatform): DoctorRow {
  if (!fact.known) return unknownRow(program, fact);
  if (fact.value === null) {
    const found = 'it is not installed';
    return needed ? problem(program, `${found}, and a destination needs it`, installHint(program, platform)) : fine(program, `${found}; no destination needs it`);
  }
  const { version, path } = fact.value;
  const found = `${version} (${path})`;
  const number = versionIn(version);
  if (program === 'rclone' && number !== null && !isAtLeast(number, RCLONE_FLOOR)) {
    const text = `${found} is too old: rclone 1.60 is needed`;
    return needed ? problem(program, text, installHint(program, platform)) : warning(program, text, installHint(program, platform));
  }
  if (program !== 'rsync') return fine(program, found);
  if (/openrsync/i.test(version) || (number !== null && !isAtLeast(number, RSYNC_FLOOR))) {
    const text = `${found} cannot be used: rsync 3.1 is needed`;
    return needed ? problem(program, text, installHint(program, platform)) : warning(program, text, installHint(program, platform));
  }
  return fine(program, found);
}
