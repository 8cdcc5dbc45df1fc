import type { ProofOccasion } from '../job.ts';
import type { NewProof } from '../outcome.ts';
import type { JobRow } from './job-row.ts';
import type { JobChanges } from './job-table.ts';
import type { Tx } from './queue-database.ts';

export function insertProof(tx: Tx, row: JobRow, { proof, occasion }: { readonly proof: NewProof; readonly occasion: ProofOccasion }): void {
  tx.sql('INSERT INTO proofs (job_id, seal_id, seal_digest, destination, strength, at, files, bytes, occasion) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    row.id,
    proof.sealId,
    proof.sealDigest,
    row.destination,
    proof.strength,
    tx.now,
    proof.files,
    proof.bytes,
    occasion,
  );
}

/** What a proof changes in its job's row. */
export function provenNow(tx: Tx): JobChanges {
  return { proven_at: tx.now, audit_after: null, damage: null };
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
