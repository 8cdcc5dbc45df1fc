import type { PushRequest, SealListing, Transport, TransportResult } from '@longhaul/sync-transports';
import type { ChildProcess } from '../owner.ts';
import { BandwidthLimit, describeLimit, WindowClosed } from './bandwidth-limit.ts';
import { failureOfResult, JobFailed } from './job-failure.ts';
import type { JobRun } from './job-run.ts';
import { stallLimit } from './stall-limit.ts';

/** What one push sends: something sealed, or something that is hashed while it travels and may turn out not to be worth it. */
export type PushedContent = Pick<PushRequest, 'seal' | 'repeat'> | { readonly listing: SealListing; readonly signal: AbortSignal };

/**
 * A push with everything around it: progress, the process that does it, the stall limit, the limit of the bandwidth. No tool can change
 * its limit while it runs: where another one begins it is stopped and gone on with, at no charge (design §5.7).
 * @throws JobFailed, Stopped, WindowClosed
 */
export async function push(run: JobRun, what: PushedContent): Promise<void> {
  const { held, env, destination } = run;
  run.pushing = 'begun';
  for (;;) {
    using limit = new BandwidthLimit(env.clock, destination?.bandwidth);
    if (limit.closed) throw new WindowClosed(limit.now);
    const processes = new ProcessNotes(run);
    const result = await pushOnce(run, { what, limit, processes }).finally(() => { run.progress.sendingEnded(); });
    await processes.ended();
    held.check();
    if (result?.ok === true) return;
    if (!limit.passed && result !== null) throw new JobFailed(failureOfResult(result, run.job.destination));
    await env.store.intend(held.lease, { phase: 'pushing', reason: `another bandwidth from now on (${describeLimit(destination?.bandwidth, env.clock.now())}): gone on with where it was` });
  }
}

interface OnePush {
  readonly what: PushedContent;
  readonly limit: BandwidthLimit;
  readonly processes: ProcessNotes;
}

/** null: it was broken off at the edge of a window, and threw. */
async function pushOnce(run: JobRun, { limit, processes, what }: OnePush): Promise<TransportResult | null> {
  const { held, progress, placement, env } = run;
  const { bytesPerSecond } = limit.now;
  const around = {
    placement,
    ...(bytesPerSecond === null ? {} : { bandwidth: bytesPerSecond }),
    onProgress: (value) => progress.report(value),
    onProcess: (process) => processes.started(process),
    signal: AbortSignal.any([held.signal, limit.signal, ...('listing' in what ? [what.signal] : [])]),
  } satisfies Omit<PushRequest, 'seal'>;
  const content = 'listing' in what ? what.listing : what.seal;
  try {
    return await held.watched(async () => send(run.transport, what, around), { stallMs: stallLimit(content, env.policy.stallMs) });
  } catch (error) {
    if (limit.passed && held.stop === null) return null;
    throw error;
  }
}

async function send(transport: Transport, what: PushedContent, around: Omit<PushRequest, 'seal'>): Promise<TransportResult> {
  if (!('listing' in what)) return transport.push({ ...what, ...around });
  if (transport.pushListing === undefined) throw new TypeError(`a ${transport.kind} transport cannot send what is not hashed`);
  return transport.pushListing({ listing: what.listing, ...around });
}

/** Writes down which process works for the job, so that whoever takes over after a crash can end it. */
class ProcessNotes {
  readonly #run: JobRun;
  readonly #noted: { readonly process: ChildProcess; readonly written: Promise<void> }[] = [];

  constructor(run: JobRun) {
    this.#run = run;
  }

  started({ pid, startTime }: { readonly pid: number; readonly startTime: string }): void {
    const { env, held } = this.#run;
    const { host, bootId } = env.owners.self;
    const process = { host, bootId, pid, startTime };
    const written = env.store.recordProcess(held.lease, process).catch((cause: unknown) => {
      // Without the note nobody could end it after us: it must not go on.
      held.stopWith({ kind: 'leaseLost', cause });
    });
    this.#noted.push({ process, written });
  }

  async ended(): Promise<void> {
    for (const { process, written } of this.#noted) {
      await written;
      await this.#run.env.store.forgetProcess(this.#run.job.id, process);
    }
  }
}
