import path from 'node:path';

import { isLonghaulError } from '@longhaul/errors';
import type { OutputSpec, RecordedSpec, RunDirectory, RunStore, SessionStatus } from '@longhaul/sessions';
import type { SyncQueue } from '@longhaul/sync-queue';
import type { ReceiptRun } from '@longhaul/sync-transports';

import type { DestinationRegistry } from '../destinations/destination-registry.ts';
import type { OutputOutcome } from './output-record.ts';
import { writeOutputRecord } from './output-record.ts';

/** What is needed to put outputs into the queue. */
export interface OutputPorts {
  readonly runs: RunStore;
  readonly queue: SyncQueue;
  readonly destinations: DestinationRegistry;
}

/**
 * Puts the outputs of an ended run into the queue: one job per output and destination, however many processes do this at
 * once and however often (design §6). Failed and interrupted runs too: what they left is evidence. An output that is not
 * there, or cannot be sent, is recorded with the reason.
 */
export async function enqueueOutputs(run: RunDirectory, ports: OutputPorts): Promise<readonly OutputOutcome[]> {
  const spec = await ports.runs.recordedSpec(run);
  const maker = receiptRunOf(spec, ports.runs.status(run));
  const outcomes: OutputOutcome[] = [];
  for (const output of spec.outputs) outcomes.push(...(await enqueueOutput(output, { spec, maker, ports })));
  writeOutputRecord(run, outcomes);
  // Last: until here a crash only means that the next one does it again, and the keys make the same jobs of it.
  await ports.runs.markOutputsDone(run);
  await ports.runs.clearEndedMarker(run.runId);
  return outcomes;
}

interface OutputContext {
  readonly spec: RecordedSpec;
  readonly maker: ReceiptRun;
  readonly ports: OutputPorts;
}

async function enqueueOutput(output: OutputSpec, context: OutputContext): Promise<readonly OutputOutcome[]> {
  const outcomes: OutputOutcome[] = [];
  for (const destination of output.to) outcomes.push({ path: output.path, destination, ...(await enqueueOne(output, destination, context)) });
  return outcomes;
}

async function enqueueOne(output: OutputSpec, destination: string, { spec, maker, ports }: OutputContext): Promise<Pick<OutputOutcome, 'jobId' | 'problem'>> {
  const template = output.as ?? (await ports.destinations.find(destination))?.settings.as ?? null;
  return await attempt(async () => {
    const { job } = await ports.queue.enqueue({
      source: path.resolve(spec.workingDir, output.path),
      destination,
      ...(template === null ? {} : { finalNameTemplate: template }),
      filter: { include: output.include ?? [], exclude: output.exclude ?? [] },
      run: maker,
      dedupKey: dedupKeyOf(spec.runId, output, destination),
    });
    return job.id;
  });
}

/** `run:output:destination`, the colons of the path escaped so that no two can be one; a part of an output has its filter in it. */
export function dedupKeyOf(runId: string, { path: output, include = [], exclude = [] }: Omit<OutputSpec, 'to'>, destination: string): string {
  const part = include.length + exclude.length === 0 ? '' : `:${JSON.stringify([include, exclude])}`;
  return `${runId}:${output.replaceAll('%', '%25').replaceAll(':', '%3A')}:${destination}${part}`;
}

/** What is wrong with one output is recorded; what is wrong with the queue is thrown, and tried again later. */
async function attempt(work: () => Promise<string>): Promise<Pick<OutputOutcome, 'jobId' | 'problem'>> {
  try {
    return { jobId: await work(), problem: null };
  } catch (error) {
    if (isLonghaulError(error) && LASTING.has(error.code)) return { jobId: null, problem: error.hint === null ? error.message : `${error.message} (${error.hint})` };
    throw error;
  }
}

const LASTING: ReadonlySet<string> = new Set(['SOURCE_NOT_FOUND', 'SOURCE_NOT_DIRECTORY', 'SOURCE_UNREADABLE', 'SOURCE_NAME', 'CONFIG', 'JOB_CONFLICT']);

function receiptRunOf(spec: RecordedSpec, status: SessionStatus): ReceiptRun {
  return {
    session: spec.session,
    runId: spec.runId,
    command: spec.command,
    host: spec.hostname,
    startedAt: status.startedAt,
    endedAt: status.endedAt,
    exitCode: status.exitCode,
    signal: status.signal,
  };
}
