import type { JobRun } from './job-run.ts';

/** A destination that shows the source itself proves whatever is there. @throws TransportError of kind config */
export async function assertApart({ transport, claimed, held }: JobRun): Promise<void> {
  await transport.assertApart?.({ source: claimed.source, finalName: claimed.finalName, signal: held.signal });
}
