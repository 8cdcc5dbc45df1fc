import path from 'node:path';

import type { LonghaulError } from '@longhaul/errors';
import { isLonghaulError } from '@longhaul/errors';
import type { Host, OutputState, SyncHost } from '@longhaul/host';
import type { SessionStatus } from '@longhaul/sessions';
import type { Job } from '@longhaul/sync-queue';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { endMeaning } from '../output/end-meaning.ts';
import { detailOf } from '../output/job-text.ts';
import { printable, printableMessage } from '../output/printable.ts';
import type { Printer } from '../output/printer.ts';
import { endText } from '../output/session-text.ts';
import { withHost } from '../with-host.ts';

/** One thing that explains a state. */
interface Reason {
  readonly about: string;
  readonly what: string;
  readonly evidence: string | null;
  /** ISO 8601; null: nothing is waited for, or nobody knows. */
  readonly nextAttemptAt: string | null;
  /** What would help; null where nothing is needed. */
  readonly fix: string | null;
}

export const why: CommandModule = {
  usage: 'NAME|SOURCE|JOB [options]',
  about: 'What it waits for, the evidence, the next attempt, and the command that helps. A name is looked up among sessions first, then as a folder or file that was sent, then as a job.',
  examples: [
    { line: 'longhaul why train', text: 'why a session ended, and why its outputs are where they are' },
    { line: 'longhaul why scans', text: 'the same of the newest job that sent this folder' },
    { line: 'longhaul why 01J9Z3', text: 'what a sync job waits for; and why its local files are still there' },
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [subject = ''] }) =>
    await withHost(cli, async (host) => {
      const reasons = await explain(subject, { host, cwd: cli.cwd });
      cli.printer.result({ subject, reasons }, () => reasons.map((reason) => text(reason, cli.printer)).join(''));
      return EXIT.OK;
    }),
};

async function explain(subject: string, { host, cwd }: { readonly host: Host; readonly cwd: string }): Promise<readonly Reason[]> {
  const session = await sessionOf(subject, host);
  if (!isLonghaulError(session)) return [sessionReason(session), ...(await host.outputsOf(session)).map(outputReason)];
  const sync = await host.sync();
  const job = (await sync.findJobOfSource(path.resolve(cwd, subject))) ?? (COULD_BE_JOB.test(subject) ? await sync.findJob(subject) : null);
  if (job === null) throw session;
  return [jobReason(job), ...(await localReasons(job, sync))];
}

/** Ids begin with their time, in base 32: with 0 for some thousand years. Any other word that is not found was meant as a name. */
const COULD_BE_JOB = /^0[0-9A-Za-z]{3,25}$/;

/** The session of this name, or why there is none. */
async function sessionOf(subject: string, { sessions }: Host): Promise<SessionStatus | LonghaulError> {
  try {
    return await sessions.status(subject);
  } catch (error) {
    if (isLonghaulError(error, 'SESSION_NOT_FOUND') || isLonghaulError(error, 'SESSION_CONFIG')) return error;
    throw error;
  }
}

function sessionReason(status: SessionStatus): Reason {
  const { name, state, terminal, unknownReason, restart } = status;
  const base = { about: name, evidence: null, nextAttemptAt: null };
  switch (state) {
    case 'unknown':
      return { ...base, what: `its state is not known: ${unknownReason ?? 'it cannot be asked'}`, fix: `longhaul status ${name}` };
    case 'defined':
      return { ...base, what: 'longhaul.yaml describes it, and nobody has started it yet', fix: `longhaul start ${name}` };
    case 'restarting':
      return { ...base, what: waitingText(status), evidence: restart?.problem ?? null, nextAttemptAt: restart?.next?.at ?? null, fix: `longhaul logs ${name} -n 50` };
    case 'running':
    case 'paused':
      return terminal === 'lost'
        ? { ...base, what: 'it runs, and its terminal is lost: tmux was ended under it. It goes on to its end, readable by its log only', fix: `longhaul logs ${name} -f` }
        : { ...base, what: state === 'paused' ? 'it is paused' : 'it runs', fix: null };
    case 'exited':
    case 'stopped':
      return { ...base, what: endSentence(status), fix: status.exitCode !== 0 && status.stoppedBy === null ? `longhaul logs ${name} -n 50` : null };
  }
}

function waitingText(status: SessionStatus): string {
  const attempt = status.restart?.next?.attempt;
  return `${endSentence(status)}; it is about to be started again${attempt === undefined ? '' : ` (attempt ${String(attempt)})`}`;
}

function endSentence(status: SessionStatus): string {
  return [endText(status), endMeaning(status), status.restart?.ended === 'gave-up' ? 'it has given up: too many restarts in a row' : ''].filter((part) => part !== '').join('; ');
}

function outputReason({ path, destination, job, problem }: OutputState): Reason {
  if (job !== null) return { ...jobReason(job), about: `${path} -> ${destination}` };
  const what = problem === null ? 'it is sent when the run has ended' : `it was not sent: ${problem}`;
  return { about: `${path} -> ${destination}`, what, evidence: null, nextAttemptAt: null, fix: problem === null ? null : `longhaul sync push PATH --to ${destination}` };
}

/** What still keeps the local files of a job that has arrived (design §5.6). */
async function localReasons(job: Job, sync: SyncHost): Promise<readonly Reason[]> {
  if (job.state !== 'VERIFIED' && job.state !== 'CLEANUP_ELIGIBLE') return [];
  const plan = await sync.reaper().plan({ sourceId: job.sourceId, askedBy: 'reaper' });
  if (plan === null) return [];
  // Loaded here: a session's reasons need nothing of the queue.
  const { blockerText } = await import('@longhaul/sync-queue');
  const about = `local files of ${job.source}`;
  const last = plan.facts.last === null ? null : `${plan.facts.last.endedAt}: ${plan.facts.last.reason}`;
  const reasons = plan.blockers.map((blocker) => blockerText(blocker, plan.source));
  if (reasons.length === 0) return [{ about, what: 'may go: every destination has proven them, and is asked once more before', evidence: last, nextAttemptAt: null, fix: `longhaul sync reclaim ${job.id} --delete` }];
  return reasons.map(({ what, fix, until }, index) => ({ about, what: `stay: ${what}`, evidence: index === 0 ? last : null, nextAttemptAt: until, fix }));
}

function jobReason(job: Job): Reason {
  const detail = detailOf(job);
  return {
    about: job.id,
    what: detail === '' ? job.state : `${job.state}: ${detail}`,
    evidence: job.evidence,
    nextAttemptAt: job.nextAttemptAt,
    fix: pauseFix(job) ?? job.hint ?? (job.state === 'FAILED' || job.state === 'CANCELLED' ? `longhaul sync retry ${job.id}` : null),
  };
}

/** Only a person can end a pause. */
function pauseFix({ hold, holdDetail, destination }: Job): string | null {
  if (hold !== 'paused') return null;
  return `longhaul sync destinations resume ${holdDetail?.startsWith('the whole queue') === true ? '--all' : destination}`;
}

function text({ about, what, evidence, nextAttemptAt, fix }: Reason, { colours }: Printer): string {
  const more = [
    evidence === null ? '' : `  evidence  ${printable(evidence)}\n`,
    nextAttemptAt === null ? '' : `  next      ${nextAttemptAt}\n`,
    fix === null ? '' : `  fix       ${printableMessage(fix)}\n`,
  ];
  return `${colours.bold(printable(about))}  ${what}\n${more.join('')}`;
}
