import { count } from '@longhaul/errors';
import type { Job } from '@longhaul/sync-queue';
import type { HashsumProgress } from '@longhaul/sync-transports';

import type { Colours } from './colours.ts';
import { printable } from './printable.ts';
import { formatBytes, formatSpan } from './quantities.ts';

const HOLDS: Readonly<Record<NonNullable<Job['hold']>, string>> = {
  backoff: 'waits before the next attempt',
  bandwidth: 'waits for the end of a bandwidth window',
  breaker: 'waits for the destination, which does not answer',
  no_space: 'waits for space at the destination',
  paused: 'is paused',
  source_busy: 'waits for the end of the session that writes it',
  source_changed: 'waits until the source is quiet',
};

/** One job in a few words: state, how far, what it waits for. */
export function jobText(job: Job, colours: Colours): string {
  return [paintJobState(colours)(job.state, job), detailOf(job), `(job ${job.id})`].filter((part) => part !== '').join(' ');
}

/** What a job waits for, or how it ended; empty where the state says all. */
export function detailOf(job: Job, now: number = Date.now()): string {
  if (job.cancelRequested) return 'is being cancelled';
  switch (job.state) {
    case 'QUEUED':
      return job.hold === null ? 'waits for its turn' : `${HOLDS[job.hold]}${waitText(job, now)}${job.holdDetail === null ? '' : `: ${printable(job.holdDetail)}`}`;
    case 'RUNNING':
    case 'AWAITING_VERIFY':
      return [job.phase ?? '', percentText(job)].filter((part) => part !== '').join(' ');
    case 'VERIFIED':
    case 'CLEANUP_ELIGIBLE':
      return sizeText(job);
    case 'CLEANED':
      return `${sizeText(job)}, freed here`;
    case 'FAILED':
      return printable([job.errorKind, job.lastError].filter((part) => part !== null).join(': '));
    case 'CANCELLED':
      return '';
  }
}

/** `320 files, 1.2 GB`; empty before the source is sealed. */
export function sizeText({ filesTotal, bytesTotal }: Job): string {
  return filesTotal === null || bytesTotal === null ? '' : `${count(filesTotal, 'file')}, ${formatBytes(bytesTotal)}`;
}

/** How far the phase is, by its exact total. Empty before that is known. */
export function percentText({ phase, progress, hashing }: Job): string {
  const far = phase === 'pushing' || phase === null ? progress : hashing;
  return far === null ? '' : partText(far);
}

/** How far something is that reads or sends files. */
export function partText({ bytesDone, bytesTotal, filesDone, filesTotal }: HashsumProgress): string {
  const part = bytesTotal > 0 ? bytesDone / bytesTotal : filesTotal > 0 ? filesDone / filesTotal : 1;
  return `${String(Math.floor(part * 100))}% (${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, ${String(filesDone)} of ${count(filesTotal, 'file')})`;
}

function waitText({ nextAttemptAt }: Job, now: number): string {
  if (nextAttemptAt === null) return '';
  const ms = Date.parse(nextAttemptAt) - now;
  return ms > 0 ? `, in ${formatSpan(ms)}` : '';
}

/** The colour that goes with a state. */
export function paintJobState(colours: Colours): (text: string, job: Pick<Job, 'state'>) => string {
  return (text, { state }) => {
    switch (state) {
      case 'VERIFIED':
      case 'CLEANUP_ELIGIBLE':
      case 'CLEANED':
        return colours.good(text);
      case 'FAILED':
        return colours.bad(text);
      case 'RUNNING':
      case 'AWAITING_VERIFY':
        return colours.bold(text);
      case 'QUEUED':
        return colours.waiting(text);
      case 'CANCELLED':
        return colours.dim(text);
    }
  };
}
