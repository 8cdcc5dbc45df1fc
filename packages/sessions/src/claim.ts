import { asRunId } from './run-id.ts';
import type { RunId, Starter } from './run-record.ts';
import type { SessionName } from './session-name.ts';
import type { BackendKind } from './session-spec.ts';

/** Who may decide about a name: the claim with the highest number of its session (design §4.2). */
export interface Claim {
  readonly session: SessionName;
  readonly number: number;
  /** `run`: the name is this run's. `remove`: its owner is forgetting the session; void when that process died. */
  readonly kind: 'run' | 'remove';
  /** The run that has the name, or the run after which it is removed. */
  readonly runId: RunId;
  readonly backend: BackendKind | null;
  readonly owner: Starter;
}

/** A claim that this version cannot read: of a newer version, or not ours. Nobody may decide anything over it. */
export interface UnreadableClaim {
  readonly session: SessionName;
  readonly number: number;
  readonly kind: 'unreadable';
}

/** In the place of a start time: no process has it, on any machine. */
const NOBODY = 'abandoned';

/** A claim for removal that nobody is at: it stands for a name that was given up, so that the numbers of its claims go on. */
export function givenUp(claim: Claim): Claim {
  return { ...claim, kind: 'remove', owner: { ...claim.owner, startTime: NOBODY } };
}

/** Whether a claim is one of {@link givenUp}. */
export function isGivenUp({ kind, owner }: Claim): boolean {
  return kind === 'remove' && owner.startTime === NOBODY;
}

const VERSION = '1';
const BACKENDS: readonly BackendKind[] = ['tmux', 'container'];

/**
 * A claim as one line. It is kept as the target of a symbolic link: that is the one file whose name and content appear
 * in a single step, so that a claim is never seen half written, and a full disk leaves none behind.
 */
export function formatClaim({ kind, runId, backend, owner }: Claim): string {
  const fields = [VERSION, kind, runId, backend ?? '-', String(owner.pid), owner.startTime, owner.bootId, owner.host];
  // Start times hold spaces on macOS.
  return fields.map(encodeURIComponent).join(' ');
}

/** Reads {@link formatClaim}'s line. */
export function parseClaim(text: string, place: Pick<Claim, 'session' | 'number'>): Claim | UnreadableClaim {
  const [version, kind, rawRunId = '', rawBackend, pid, ...identity] = text.split(' ').map(decode);
  const runId = asRunId(rawRunId);
  const [startTime, bootId, host] = identity;
  const known = version === VERSION && (kind === 'run' || kind === 'remove') && runId !== null && /^[1-9]\d*$/.test(pid ?? '');
  if (!known || startTime === undefined || bootId === undefined || host === undefined) return { ...place, kind: 'unreadable' };
  const backend = BACKENDS.find((candidate) => candidate === rawBackend) ?? null;
  return { ...place, kind, runId, backend, owner: { pid: Number(pid), startTime, bootId, host } };
}

function decode(field: string): string {
  try {
    return decodeURIComponent(field);
  } catch {
    // A stray "%": no claim of ours has one, so the line as a whole is refused by what it lacks.
    return '';
  }
}
