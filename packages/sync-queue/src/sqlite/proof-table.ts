import type { ProofOccasion } from '../job.ts';
import type { NewProof } from '../outcome.ts';
import type { JobRow } from './job-row.ts';
import type { JobChanges } from './job-table.ts';
import type { Tx } from './queue-database.ts';

/** Returns when it holds from: when its reading began. What was read before the machine slept says nothing of now. */
export function insertProof(tx: Tx, row: JobRow, { proof, occasion, began = tx.now }: { readonly proof: NewProof; readonly occasion: ProofOccasion; readonly began?: number | undefined }): number {
  // A clock that was set back meanwhile: nothing is proven in the future.
  const at = Math.min(began, tx.now);
  tx.sql('INSERT INTO proofs (job_id, seal_id, seal_digest, destination, strength, at, files, bytes, occasion) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    row.id,
    proof.sealId,
    proof.sealDigest,
    row.destination,
    proof.strength,
    at,
    proof.files,
    proof.bytes,
    occasion,
  );
  return at;
}

/** What a proof changes in its job's row. */
export function provenAt(at: number): JobChanges {
  return { proven_at: at, audit_after: null, damage: null };
}

/** The results of earlier generations are not there any more: nobody need look for them. */
export function forgetReplaced(tx: Tx, row: JobRow): void {
  tx.sql('UPDATE jobs SET proven_at = NULL WHERE source_id = ? AND destination = ? AND final_name = ? AND seq <> ? AND proven_at IS NOT NULL').run(
    row.source_id,
    row.destination,
    row.final_name,
    row.seq,
  );
}

/** Damage was found: whatever was proven before counts for nothing any more, above all not for deleting a local copy. */
export function voidProofs(tx: Tx, row: JobRow): void {
  tx.sql('UPDATE proofs SET voided_at = ? WHERE job_id = ? AND voided_at IS NULL').run(tx.now, row.id);
}
