import { formatDuration } from '@longhaul/config';
import { isLonghaulError, redact } from '@longhaul/errors';
import type { WorkerEvent } from '@longhaul/sync-queue';

/** One line for what a worker tells, fit for a log or a terminal; null for what would only be noise (progress stands in the queue). */
export function describeWorkerEvent(event: WorkerEvent): string | null {
  const text = wordsFor(event);
  return text === null ? null : oneLine(text);
}

function wordsFor(event: WorkerEvent): string | null {
  switch (event.type) {
    case 'jobStarted':
      return `${event.job.id}  begins: ${event.job.source} -> ${event.job.destination}`;
    case 'transition':
      return `${event.job.id}  ${event.from} -> ${event.job.state}  ${event.reason}`;
    case 'leaseLost':
      return `${event.jobId}  was taken over by another worker, or cancelled`;
    case 'recovered':
      return `taken back after a crash: ${event.jobs.map(({ id }) => id).join(', ')}`;
    case 'orphanEnded':
      return `${event.jobId}  a process that a dead worker left was ended (pid ${String(event.pid)})`;
    case 'destinationDown':
      return `${event.destination} is not used for now: ${event.detail}; asked again in ${formatDuration(Math.max(1000, Math.round(event.probeInMs / 1000) * 1000))}`;
    case 'destinationUp':
      return `${event.destination} answers again${event.requeued > 0 ? `; jobs tried again: ${String(event.requeued)}` : ''}`;
    case 'verifyPassStarted':
      return null;
    case 'verifyPassEnded':
      return `${event.job.id}  ${event.occasion} of ${event.job.finalName} at ${event.job.destination}: ${event.outcome.kind}  ${event.outcome.evidence}`;
    case 'reclaimStarted':
      return `reclaim ${event.reclaimId} of ${event.source} begins`;
    case 'reclaimEnded':
      return `reclaim ${event.reclaimId} of ${event.source}: ${event.summary}`;
    case 'pruned':
      return `history: dropped ${String(event.events)} old entries and ${String(event.jobs)} old jobs that prove nothing any more`;
    case 'problem':
      return `${event.jobId ?? 'worker'}  ${problemText(event.error)}`;
    case 'sealing':
    case 'progress':
    case 'verifying':
      return null;
  }
}

function problemText(error: unknown): string {
  if (isLonghaulError(error)) return `${error.code}: ${error.message}`;
  return redact(error instanceof Error ? error.message : String(error));
}

/** Names of files come from outside: what a terminal would obey is written as an escape. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
}
