import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { parseLockHolder } from '../protocol/lock-holder.ts';
import type { PublishOutcome } from '../transport.ts';

/** What a claim can be refused with (PROTOCOL.md), before the script does anything else. */
export type Refusal = Exclude<PublishOutcome, { kind: 'published' }>;

/** Who is woken late loses by design; who meets a lock waits; a stranger in the place needs a person. */
const KINDS: Readonly<Record<Refusal['kind'], TransportErrorKind>> = {
  fenced: TransportErrorKind.INTERRUPTED,
  locked: TransportErrorKind.NETWORK,
  conflict: TransportErrorKind.CONFIG,
};

/** null where the fields say anything else. */
export function parseRefusal([word, what = '', more = '']: readonly string[]): Refusal | null {
  if (word === 'fenced') return { kind: 'fenced', evidence: what };
  if (word === 'locked') return lockedBy(what);
  if (word !== 'conflict' || what !== 'stranger') return null;
  return { kind: 'conflict', holder: null, evidence: `something else was put at the final name while it was replaced; the earlier result is kept in ${more}` };
}

/** For calls that throw. */
export function refusalError(refusal: Refusal): TransportError {
  return new TransportError(refusal.evidence, { errorKind: refusalKind(refusal) });
}

export function refusalKind({ kind }: Refusal): TransportErrorKind {
  return KINDS[kind];
}

/** @throws TransportError where the claim was refused */
export function assertClaimed(fields: readonly string[]): void {
  const refusal = parseRefusal(fields);
  if (refusal !== null) throw refusalError(refusal);
}

function lockedBy(text: string): Refusal {
  const holder = parseLockHolder(text);
  if (holder === null) return { kind: 'locked', holder: 'unknown', evidence: 'the final name is locked, and the lock does not say by whom' };
  const { host, job, epoch, name } = holder;
  return { kind: 'locked', holder: `${name} (${host})`, evidence: `the final name is locked by job ${job}, epoch ${String(epoch)}, of ${name} (${host})` };
}
