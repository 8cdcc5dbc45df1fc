import type { Job } from '../job.ts';
import type { LeaseRef } from '../lease.ts';
import type { AgainOutcome, FailedOutcome, Outcome, PushedOutcome, VerifiedOutcome } from '../outcome.ts';
import { block, recordSuccess } from './destination-table.ts';
import { enqueueAfterCancel, enqueueFollowUp } from './enqueue.ts';
import type { JobRow } from './job-row.ts';
import type { JobChanges } from './job-table.ts';
import { getJob, heldRow, NO_FAILURE, NO_HOLD, RELEASED, remark, transition, updateRow } from './job-table.ts';
import { forgetReplaced, insertProof, provenAt } from './proof-table.ts';
import type { Tx } from './queue-database.ts';
import { cancelledChanges } from './requests.ts';

/** One transaction: outcome, decision, next due time, slot, history. @throws LeaseLostError, IllegalTransitionError */
export function settle(tx: Tx, lease: LeaseRef, outcome: Outcome): Job {
  const row = heldRow(tx, lease);
  apply(tx, row, outcome);
  return getJob(tx, row.id);
}

function apply(tx: Tx, row: JobRow, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'pushed':
      pushed(tx, row, outcome);
      break;
    case 'verified':
      verified(tx, row, outcome);
      break;
    case 'cancelled':
      cancelled(tx, row, outcome.reason, outcome);
      break;
    case 'again':
    case 'failed':
      notThrough(tx, row, outcome);
      break;
  }
}

function notThrough(tx: Tx, row: JobRow, outcome: AgainOutcome | FailedOutcome): void {
  if (outcome.block !== undefined) block(tx, row.destination, outcome.block);
  // A person's cancel was not met yet; it goes before every further attempt.
  if (row.cancel_requested === 1) cancelled(tx, row, `cancelled by a person; ${outcome.reason}`, outcome);
  else if (outcome.kind === 'again') again(tx, row, outcome);
  else failed(tx, row, outcome);
}

/** No crash: the count of crashes in a row begins anew. */
function settled({ progress }: Outcome): JobChanges {
  return { recoveries: 0, ...(progress == null ? {} : { progress: JSON.stringify(progress) }) };
}

function pushed(tx: Tx, row: JobRow, outcome: PushedOutcome): void {
  const staged_digest = outcome.where === 'staged' ? row.seal_digest : null;
  if (outcome.where === 'staged') recordSuccess(tx, row.destination);
  transition(tx, row, 'AWAITING_VERIFY', { changes: { ...settled(outcome), ...NO_HOLD, staged_digest, blind_repeats: 0, phase: 'verifying' }, note: outcome });
}

function again(tx: Tx, row: JobRow, outcome: AgainOutcome): void {
  const changes: JobChanges = {
    ...settled(outcome),
    ...RELEASED,
    ...(outcome.failure === undefined ? {} : failureColumns(outcome)),
    ...counted(row, outcome),
    ...due(tx, row, outcome),
    attempts: row.attempts + (outcome.charge === 'attempt' ? 1 : 0),
  };
  if (outcome.to === row.state) {
    updateRow(tx, row, changes);
    remark(tx, row, outcome);
  } else {
    transition(tx, row, outcome.to, { changes, note: outcome });
  }
}

function counted(row: JobRow, { counts }: AgainOutcome): JobChanges {
  return {
    blind_repeats: counts === 'blind' ? row.blind_repeats + 1 : 0,
    ...(counts === 'mismatch' ? { mismatches: row.mismatches + 1 } : {}),
    ...(counts === 'reseal' ? { reseals: row.reseals + 1, mismatches: 0, seal_needed: 1 } : {}),
  };
}

/** How long the same reason lasts is counted from its beginning. */
function due(tx: Tx, row: JobRow, { delayMs, hold, holdDetail = null }: AgainOutcome): JobChanges {
  const hold_since = hold === null ? null : hold === row.hold ? (row.hold_since ?? tx.now) : tx.now;
  const when = delayMs > 0 ? ({ due: 0, due_at: tx.now + delayMs } as const) : ({ due: 1, due_at: null } as const);
  return { ...when, hold, hold_detail: holdDetail, hold_since };
}

function failed(tx: Tx, row: JobRow, outcome: FailedOutcome): void {
  const changes: JobChanges = {
    ...settled(outcome),
    ...RELEASED,
    ...NO_HOLD,
    ...failureColumns(outcome),
    attempts: row.attempts + (outcome.charge === 'attempt' ? 1 : 0),
    requeue_when_answers: outcome.whenDestinationAnswers === 'requeue' ? 1 : 0,
  };
  transition(tx, row, 'FAILED', { changes, note: outcome });
}

function failureColumns({ failure }: AgainOutcome | FailedOutcome): JobChanges {
  if (failure === undefined) return {};
  return { error_kind: failure.kind, last_error: failure.message, evidence: failure.evidence, hint: failure.hint };
}

function cancelled(tx: Tx, row: JobRow, reason: string, outcome: Outcome): void {
  const changes = { ...settled(outcome), ...RELEASED, ...cancelledChanges(tx, row) };
  transition(tx, row, 'CANCELLED', { changes, note: { reason, evidence: outcome.evidence } });
  enqueueAfterCancel(tx, row);
}

function verified(tx: Tx, row: JobRow, outcome: VerifiedOutcome): void {
  const at = insertProof(tx, row, { proof: outcome.proof, occasion: 'publish', began: outcome.readFrom });
  forgetReplaced(tx, row);
  const staging = outcome.staging === 'removed' || row.staging === 'none' ? ({ staging: 'none', staged_digest: null } as const) : ({ staging: 'abandoned', staging_due_at: tx.now } as const);
  const changes = { ...settled(outcome), ...RELEASED, ...NO_HOLD, ...NO_FAILURE, ...staging, mismatches: 0, blind_repeats: 0, cancel_requested: 0, requests: 1, next_run: null, next_source: null, verified_at: tx.now, ...provenAt(at) } as const;
  transition(tx, row, 'VERIFIED', { changes, note: outcome });
  if (row.cancel_requested === 1) remark(tx, { ...row, state: 'VERIFIED' }, { reason: 'the cancel came too late: it was published already' });
  abandonOlderStaging(tx, row);
  // What was asked for with another filter is another content, whatever the source is like.
  if (row.requests > outcome.covers || row.next_source !== null) enqueueFollowUp(tx, row);
}

/** What failed generations of the same source have left there is of no use any more. */
function abandonOlderStaging(tx: Tx, row: JobRow): void {
  tx.sql(
    `UPDATE jobs SET staging = 'abandoned', staging_due_at = ? WHERE source_id = ? AND destination = ? AND final_name = ? AND seq < ?
     AND staging = 'present' AND state = 'FAILED'`,
  ).run(tx.now, row.source_id, row.destination, row.final_name, row.seq);
}
