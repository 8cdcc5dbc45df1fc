import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { Placement } from '../transport.ts';

const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const HOST_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/**
 * Job and host ids become file names and lines of text at the destination (PROTOCOL.md): only plain ones are let through.
 * @throws TransportError of kind config
 */
export function assertPlacement({ jobId, hostId, epoch }: Placement): void {
  if (!JOB_ID.test(jobId)) throw unusable('job id', jobId);
  if (!HOST_ID.test(hostId)) throw unusable('host id', hostId);
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw unusable('epoch', String(epoch));
}

function unusable(what: string, value: string): TransportError {
  return new TransportError(`${JSON.stringify(value)} cannot be a ${what}`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: 'Ids are letters, digits, - and _, at most 128 of them; epochs are whole numbers from 0',
  });
}
