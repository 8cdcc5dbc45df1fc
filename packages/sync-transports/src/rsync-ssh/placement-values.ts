import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { parseFinalName } from '../final-name.ts';
import { assertPlacement } from '../protocol/identifiers.ts';
import { INCOMING, lockPath, stagingLayout } from '../protocol/layout.ts';
import { keptName } from '../protocol/kept-name.ts';
import { printLockHolder } from '../protocol/lock-holder.ts';
import { sourceIdOf } from '../protocol/source-id.ts';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import type { SealSource } from '../seal.ts';
import type { Placement } from '../transport.ts';

/** The variables that CLAIM_SCRIPT and what builds on it need. A new nonce each time. @throws TransportError, ConfigError */
export function placementValues(placement: Placement): Readonly<Record<string, string | Uint8Array>> {
  assertPlacement(placement);
  const { jobId, epoch, hostId, finalName } = placement;
  const layout = stagingLayout(jobId);
  const nonce = newNonce();
  return {
    J: layout.job,
    F: finalPath(finalName),
    S: layout.swap(epoch),
    K: lockPath(finalName),
    kept_at: rawPathBytes(`./${keptName(finalName)}` as RawPath),
    host: hostId,
    job: jobId,
    epoch: String(epoch),
    nonce,
    holder: printLockHolder({ host: hostId, job: jobId, epoch, nonce, name: hostname() }),
    host_line: receiptLine('hostId', hostId),
    job_line: receiptLine('jobId', jobId),
  };
}

/** For scripts that compare with the receipt in place. */
export function sourceLine(hostId: string, source: SealSource): string {
  return receiptLine('sourceId', sourceIdOf(hostId, source));
}

/** A top-level value as it stands in longhaul.json, a line of its own (PROTOCOL.md). */
export function receiptLine(key: string, value: string): string {
  return `  ${JSON.stringify(key)}: ${JSON.stringify(value)},`;
}

/** Below the destination's root; never taken for an option. @throws ConfigError */
export function finalPath(finalName: RawPath): Buffer {
  return rawPathBytes(`./${parseFinalName(finalName)}` as RawPath);
}

/** From the top; empty for a name of one part. */
export function parentsOf(finalName: RawPath): readonly RawPath[] {
  const parts = finalName.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/') as RawPath);
}

export function newNonce(): string {
  return randomBytes(16).toString('hex');
}

/** The leave of one push to begin, see PREPARE_SCRIPT. */
export function pushFolder({ jobId, epoch }: Placement, nonce: string): string {
  return `${INCOMING}/${jobId}/push.${String(epoch)}.${nonce}`;
}
