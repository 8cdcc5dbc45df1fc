import path from 'node:path';

import { count } from '@longhaul/errors';
import type { Job, JobEvent, Proof } from '@longhaul/sync-queue';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { detailOf, paintJobState, sizeText } from '../output/job-text.ts';
import { printable, printableMessage } from '../output/printable.ts';
import type { Printer } from '../output/printer.ts';
import { formatBytes } from '../output/quantities.ts';
import { withHost } from '../with-host.ts';

export const syncShow: CommandModule = {
  usage: 'JOB|SOURCE [options]',
  about: 'JOB is its id, or the beginning of it; of a SOURCE, the newest job is shown.',
  examples: [
    { line: 'longhaul sync show 01J9Z3', text: 'state, evidence, proofs and every transition' },
    { line: 'longhaul sync show results', text: 'the same of the newest job that sent this folder' },
    { line: 'longhaul sync show 01J9Z3 --json', text: 'for programs' },
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [id = ''] }) =>
    await withHost(cli, async (host) => {
      const sync = await host.sync();
      const job = (await sync.findJobOfSource(path.resolve(cli.cwd, id))) ?? (await sync.findJob(id));
      const [history, proofs] = await Promise.all([sync.queue.history(job.id), sync.queue.proofs(job.id)]);
      cli.printer.result({ job, history, proofs }, () => text({ job, history, proofs }, cli.printer));
      return EXIT.OK;
    }),
};

interface Shown {
  readonly job: Job;
  readonly history: readonly JobEvent[];
  readonly proofs: readonly Proof[];
}

function text({ job, history, proofs }: Shown, { colours }: Printer): string {
  const error = job.lastError === null ? '' : printable([job.errorKind, job.lastError].filter((part) => part !== null).join(': '));
  const detail = detailOf(job);
  // A failed job's state says nothing but its error, a waiting one's what it waits for, too.
  const twice = job.lastError === null || !detail.includes(printable(job.lastError)) ? 'nothing' : job.state === 'FAILED' ? 'detail' : 'error';
  const lines: [string, string][] = [
    ['state', `${paintJobState(colours)(job.state, job)} ${twice === 'detail' ? '' : detail}`.trim()],
    ['source', printable(job.source)],
    ['to', printable(`${job.destination}: ${job.finalName}`)],
    ['filter', filterText(job)],
    ['size', sizeText(job)],
    ['attempts', `${String(job.attempts)}${job.recoveries > 0 ? `, taken up after a crash ${count(job.recoveries, 'time')}` : ''}${job.reseals > 0 ? `, sealed again ${count(job.reseals, 'time')}` : ''}`],
    ['priority', job.priority === 0 ? '' : String(job.priority)],
    ['generation', String(job.generation)],
    ['seal', job.sealDigest === null ? '' : `sha256:${job.sealDigest}`],
    ['next', job.nextAttemptAt ?? ''],
    ['run', job.run === null ? '' : printable(`${job.run.session} ${job.run.runId}, exit code ${String(job.run.exitCode ?? 'unknown')}`)],
    ['error', error === '' || twice === 'error' ? '' : colours.bad(error)],
    ['evidence', saidElse(job.evidence, [job.lastError])],
    ['damage', job.damage === null ? '' : colours.bad(printable(job.damage))],
    ['hint', job.hint === null ? '' : printableMessage(job.hint)],
    ...proofs.map((proof): [string, string] => ['proof', `${proof.at} ${proof.occasion}, ${proof.strength}: ${count(proof.files, 'file')}, ${formatBytes(proof.bytes)}${proof.voidedAt === null ? '' : ` (void: damage was found ${proof.voidedAt})`}`]),
  ];
  const shown = lines.filter(([, value]) => value !== '').map(([label, value]) => `  ${label.padEnd(10)} ${value}\n`);
  return `${colours.bold(job.id)}\n${shown.join('')}\n${history.map(eventText).join('')}`;
}

function filterText({ filter }: Job): string {
  if (filter === null) return '';
  const parts = [...filter.include.map((pattern) => `only ${pattern}`), ...filter.exclude.map((pattern) => `not ${pattern}`)];
  return printable(parts.join(', '));
}

/** A failure's message often is its evidence, or holds it: once is enough. */
function saidElse(evidence: string | null, said: readonly (string | null)[]): string {
  return evidence === null || said.some((text) => text?.includes(evidence) === true) ? '' : printable(evidence);
}

function eventText({ at, from, to, reason, evidence }: JobEvent): string {
  const step = from === null ? `-> ${to}` : from === to ? to : `${from} -> ${to}`;
  const more = saidElse(evidence, [reason]);
  return `  ${at}  ${step}  ${printable(reason)}${more === '' ? '' : `\n      ${more}`}\n`;
}
