/** What is known of a subfolder of a watched folder. Times: milliseconds since 1970. Kept over restarts. */
export interface FolderMemory {
  /** How it looked last; null: that could not be told. */
  readonly fingerprint: string | null;
  readonly files: number;
  readonly bytes: number;
  /** Since when it has looked so. */
  readonly unchangedSince: number;
  /** Since when it has been changing without ever staying as it was for long enough; null: it is quiet. */
  readonly restlessSince: number | null;
  /** Whether it waits for its sentinel. */
  readonly waitsForSentinel: boolean;
  readonly problem: FolderProblem | null;
  readonly handled: Handled | null;
  /** Looks in a row that found nothing new: the pauses between them grow. */
  readonly idleLooks: number;
  readonly nextLookAt: number;
}

export interface FolderProblem {
  readonly what: string;
  readonly hint: string | null;
  readonly since: number;
}

/** What was done about a folder that was ready. */
export interface Handled {
  readonly fingerprint: string;
  readonly at: number;
  /** The destinations that were asked for, by the names of the configuration. */
  readonly to: readonly string[];
  readonly jobs: readonly { readonly destination: string; readonly jobId: string }[];
  /** Why it was not sent to some of them, and is not going to be by itself; null as a rule. */
  readonly held: string | null;
}

/** What a look at a folder found. `changing`: it changed while it was looked at. `no-sentinel`: it was not even looked at. */
export type Observation =
  | { readonly kind: 'seen'; readonly fingerprint: string; readonly files: number; readonly bytes: number }
  | { readonly kind: 'changing' }
  | { readonly kind: 'no-sentinel' }
  | { readonly kind: 'problem'; readonly what: string; readonly hint: string | null };

export interface ObserveOptions {
  readonly now: number;
  readonly settleMs: number;
  /** Where it is to go; a destination that was added is reason enough to send again. */
  readonly to: readonly string[];
}

/** No folder is looked at more often. Milliseconds. */
const LEAST_PAUSE_MS = 1000;
/** What has long been quiet, or cannot be looked at, is looked at this often. Milliseconds. */
const MOST_PAUSE_MS = 600_000;
/** A sentinel may come at any time; asking for it is one system call. Milliseconds. */
const MOST_SENTINEL_PAUSE_MS = 30_000;
/** Who has changed for so many times the settling time is looked at less and less often, down to one look in this many settling times. */
const RESTLESS_STEP = 20;
const MOST_RESTLESS_FACTOR = 8;

/**
 * Takes an observation in. `ready`: it looks as it did a settling time ago, and this has not been handled yet. Pure. Only what was seen
 * twice counts as quiet: the times of files say nothing, for the clock of a file server may be any.
 */
export function observe(before: FolderMemory | null, observation: Observation, { now, settleMs, to }: ObserveOptions): { readonly memory: FolderMemory; readonly ready: boolean } {
  const old = before ?? { ...BLANK, unchangedSince: now, restlessSince: now };
  switch (observation.kind) {
    case 'problem': {
      const problem = { what: observation.what, hint: observation.hint, since: old.problem?.what === observation.what ? old.problem.since : now };
      const memory = { ...unseen(old, now), problem, nextLookAt: now + growing(Math.max(settleMs, 5000), old.problem === null ? 0 : old.idleLooks, MOST_PAUSE_MS), idleLooks: old.problem === null ? 1 : old.idleLooks + 1 };
      return { memory, ready: false };
    }
    case 'no-sentinel': {
      const idleLooks = old.waitsForSentinel ? old.idleLooks + 1 : 0;
      const memory = { ...unseen(old, now), restlessSince: null, waitsForSentinel: true, idleLooks, nextLookAt: now + growing(LEAST_PAUSE_MS, idleLooks, MOST_SENTINEL_PAUSE_MS) };
      return { memory, ready: false };
    }
    case 'changing': {
      const restlessSince = old.restlessSince ?? now;
      return { memory: { ...unseen(old, now), restlessSince, idleLooks: 0, nextLookAt: now + restlessPause(now - restlessSince, settleMs) }, ready: false };
    }
    case 'seen':
      return seen(old, observation, { now, settleMs, to });
  }
}

const BLANK: Omit<FolderMemory, 'unchangedSince' | 'restlessSince'> = { fingerprint: null, files: 0, bytes: 0, waitsForSentinel: false, problem: null, handled: null, idleLooks: 0, nextLookAt: 0 };

function unseen(old: FolderMemory, now: number): FolderMemory {
  return { ...old, fingerprint: null, unchangedSince: now, waitsForSentinel: false, problem: null };
}

function seen(old: FolderMemory, { fingerprint, files, bytes }: Extract<Observation, { kind: 'seen' }>, { now, settleMs, to }: ObserveOptions): { readonly memory: FolderMemory; readonly ready: boolean } {
  const changed = fingerprint !== old.fingerprint;
  // A clock that was put back tells nothing about how long it has been quiet.
  const unchangedSince = changed || old.unchangedSince > now ? now : old.unchangedSince;
  const quiet = now - unchangedSince >= settleMs;
  const ready = quiet && (old.handled?.fingerprint !== fingerprint || to.some((name) => old.handled?.to.includes(name) !== true));
  const restlessSince = quiet ? null : (old.restlessSince ?? now);
  const idleLooks = changed ? 0 : old.idleLooks + 1;
  const pause = quiet ? growing(Math.max(settleMs, LEAST_PAUSE_MS), idleLooks, MOST_PAUSE_MS) : changed ? restlessPause(now - (restlessSince ?? now), settleMs) : Math.max(LEAST_PAUSE_MS, unchangedSince + settleMs - now);
  return { memory: { ...old, fingerprint, files, bytes, unchangedSince, restlessSince, waitsForSentinel: false, problem: null, idleLooks, nextLookAt: now + pause }, ready };
}

function growing(first: number, looks: number, most: number): number {
  return Math.min(first * 2 ** Math.min(looks, 30), Math.max(most, first));
}

function restlessPause(restlessForMs: number, settleMs: number): number {
  const factor = Math.min(MOST_RESTLESS_FACTOR, 1 + Math.floor(restlessForMs / (RESTLESS_STEP * Math.max(settleMs, LEAST_PAUSE_MS))));
  return Math.max(LEAST_PAUSE_MS, settleMs * factor);
}

/** After it was handled: the next look is far. */
export function withHandled(memory: FolderMemory, handled: Handled): FolderMemory {
  return { ...memory, handled };
}
