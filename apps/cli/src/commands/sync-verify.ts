import type { SyncHost } from '@longhaul/host';
import type { Job, VerifyPassOutcome } from '@longhaul/sync-queue';
import type { HashsumProgress } from '@longhaul/sync-transports';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import type { Printer } from '../output/printer.ts';
import { VerifyLine } from '../output/verify-line.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const syncVerify: CommandModule = {
  usage: 'JOB… | --all | --to DEST [options]',
  about:
    'Every file of a result is hashed where it lies, and compared with what was sealed. Whole: a further proof. Damaged: the proofs so far are void, and it is sent again if the local copy, read anew, still is what was sealed; else the copy of another destination takes its place; else it says where one is and how to fetch it. A destination that does not answer is neither. Exits with 0 when all are proven, 6 when damage was found, else 5 when something could not be looked at.',
  examples: [
    { line: 'longhaul sync verify 01J9Z3', text: 'one result, by the beginning of its job\'s id' },
    { line: 'longhaul sync verify --to nas', text: 'everything that was sent to the NAS, what was proven longest ago first' },
    { line: 'longhaul sync verify --all --json', text: 'everything everywhere, for programs: a line for each result' },
  ],
  options: [
    { flags: '--all', text: 'every result that is in place' },
    { flags: '--to <DEST>', text: 'every result at this destination' },
    { flags: '--no-worker', text: 'do not start a worker for what is sent again' },
  ],
  operands: { min: 0, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands, options }) => {
    const destination = options.text('to');
    if ((operands.length > 0) === (options.has('all') || destination !== null)) throw new UsageError('name jobs, or give --all or --to DEST', 'see what is there: longhaul sync list --state VERIFIED');
    return await withHost(cli, async (host) => {
      const sync = await host.sync();
      const jobs = operands.length > 0 ? await Promise.all(operands.map(async (id) => await sync.findJob(id))) : await sync.verifiable(destination === null ? undefined : await sync.destinationId(destination));
      cli.answerInterrupts();
      const results = await verifyAll(jobs, { sync, cli });
      if (options.has('worker') && results.some(isSentAgain)) await sync.ensureWorker();
      return report(results, cli);
    });
  },
};

/** What came of one result. `not_there`: nothing of this job is published. */
type Result = { readonly job: Job; readonly outcome: VerifyPassOutcome | { readonly kind: 'not_there' } };

async function verifyAll(jobs: readonly Job[], { sync, cli }: { readonly sync: SyncHost; readonly cli: Cli }): Promise<readonly Result[]> {
  const { printer, interrupted } = cli;
  const line = new VerifyLine(printer, process.stderr, Date.now());
  const results: Result[] = [];
  for (const [index, job] of jobs.entries()) {
    if (interrupted.aborted) break;
    const result = await verifyOne(job, { sync, interrupted, onFiles: (files) => { line.show({ result: index + 1, results: jobs.length, name: `${job.finalName} at ${job.destination}`, ...files }, Date.now()); } });
    line.clear();
    if (result === null) break;
    results.push(result);
    if (printer.format === 'json') printer.event('verified', { jobId: job.id, destination: job.destination, finalName: job.finalName, outcome: result.outcome });
    else printer.result(null, () => resultText(result, printer));
  }
  return results;
}

interface VerifyOne {
  readonly sync: SyncHost;
  readonly interrupted: AbortSignal;
  readonly onFiles: (files: HashsumProgress) => void;
}

/** null: interrupted. */
async function verifyOne(job: Job, { sync, interrupted, onFiles }: VerifyOne): Promise<Result | null> {
  try {
    const report = await sync.verify(job.id, { signal: interrupted, onEvent: (event) => { if (event.type === 'verifying') onFiles(event); } });
    return report.kind === 'looked' ? { job: report.job, outcome: report.outcome } : { job: report.job, outcome: report };
  } catch (error) {
    if (interrupted.aborted) return null;
    throw error;
  }
}

function resultText({ job, outcome }: Result, { colours }: Printer): string {
  const name = `${job.id}  ${printable(job.finalName)} at ${printable(job.destination)}`;
  switch (outcome.kind) {
    case 'proven':
      return `${name}  ${colours.good('proven')}: ${outcome.evidence}\n`;
    case 'damaged':
      return `${name}  ${colours.bad('DAMAGED')}: ${printable(outcome.evidence)}\n    ${repairText(outcome.repair)}\n`;
    case 'unknown':
      return `${name}  ${colours.waiting('unknown')}: ${printable(outcome.evidence)}\n`;
    case 'superseded':
      return `${name}  replaced: ${printable(outcome.evidence)}\n`;
    case 'not_there':
      return `${name}  nothing is published yet: the job is ${job.state}\n`;
  }
}

function repairText(repair: Extract<VerifyPassOutcome, { kind: 'damaged' }>['repair']): string {
  switch (repair.kind) {
    case 'requeue':
      return 'the local copy still is what was sealed: it is sent again';
    case 'mended':
      return `mended with the copy of ${printable(repair.from)}, and proven`;
    case 'stay':
      return `not mended: ${printable(repair.why)}`;
  }
}

function isSentAgain({ job }: Result): boolean {
  return job.state === 'QUEUED' && job.damage !== null;
}

function report(results: readonly Result[], { printer, interrupted }: Cli): number {
  const count = (kind: Result['outcome']['kind']): number => results.filter(({ outcome }) => outcome.kind === kind).length;
  const counts = { proven: count('proven'), damaged: count('damaged'), unknown: count('unknown'), superseded: count('superseded'), notThere: count('not_there') };
  if (printer.format === 'json') printer.event('result', { data: { counts } });
  else if (results.length === 0 && !interrupted.aborted) printer.note('nothing is published yet');
  else printer.note(Object.entries(counts).filter(([, number]) => number > 0).map(([what, number]) => `${String(number)} ${WORDS[what] ?? what}`).join(', '));
  if (counts.damaged > 0) return EXIT.PROBLEMS;
  if (interrupted.aborted) return EXIT.INTERRUPTED;
  if (counts.unknown > 0) return EXIT.UNAVAILABLE;
  return counts.notThere > 0 ? EXIT.CONFLICT : EXIT.OK;
}

const WORDS: Readonly<Record<string, string>> = { superseded: 'replaced by a newer generation', notThere: 'not published' };
