import type { DoctorRow, Fact } from './doctor-row.ts';
import { fine, problem, unknownRow, warning } from './doctor-row.ts';

/** A unix socket that Longhaul makes, by its path. */
export interface SocketPathFact {
  readonly what: 'tmux' | 'server';
  readonly path: string;
}

/** sun_path without its NUL: 107 bytes on Linux, 103 on macOS and BSD. */
const LIMITS: Partial<Record<NodeJS.Platform, number>> = { linux: 107 };
const SMALLEST_LIMIT = 103;

export function socketPathRow({ what, path }: SocketPathFact, platform: NodeJS.Platform): DoctorRow {
  const limit = LIMITS[platform] ?? SMALLEST_LIMIT;
  const bytes = Buffer.byteLength(path);
  const found = `${path} has ${String(bytes)} of ${String(limit)} bytes`;
  const check = `${what}-socket-path`;
  if (bytes <= limit) return fine(check, found);
  return problem(check, `${found}: the system cannot listen there`, what === 'tmux' ? 'export TMUX_TMPDIR=/tmp, or name a shorter tmux.socket in longhaul.yaml' : 'export LONGHAUL_STATE_DIR=/a/shorter/path');
}

/** tmux servers of this user, as sockets in their folder. */
export interface ServersFact {
  readonly listening: readonly string[];
  /** Files that no server listens at any more. */
  readonly left: readonly string[];
  /** Those of which it could not be told. */
  readonly unknown: readonly string[];
}

export function serversRow(fact: Fact<ServersFact>): DoctorRow {
  const check = 'tmux-servers';
  if (!fact.known) return unknownRow(check, fact);
  const { listening, left, unknown } = fact.value;
  const found = listening.length === 0 ? 'none of yours is running' : `running at ${listening.join(', ')}: their sessions are listed, those made by hand as foreign`;
  if (unknown.length > 0) return warning(check, `${found}. ${unknown.join(', ')} cannot be asked, so sessions there are unknown`, 'ls -l "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)"');
  return fine(check, left.length === 0 ? found : `${found}; nobody listens any more at ${left.join(', ')}`);
}
