import { count, SessionNotFoundError } from '@longhaul/errors';
import type { Host } from '@longhaul/host';
import type { SessionStatus } from '@longhaul/sessions';
import { asSessionName, holdsName } from '@longhaul/sessions';

import type { CommandModule } from '../command-module.ts';
import { confirm } from '../confirm.ts';
import { eachName, reportOutcomes } from '../each-name.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { stateText } from '../output/session-text.ts';
import { withHost } from '../with-host.ts';

export const remove: CommandModule = {
  usage: 'NAME… [options]',
  about:
    'A running session is refused: stop it first. Logs, exit codes and outputs stay: longhaul history and longhaul logs NAME --run ID still know them, and what is still to be sent is sent all the same; it says what. One that is `unknown`, because another machine or container that shares the state directory started it, is refused too; where it cannot be looked at there any more, --abandon gives its name up. That ends nothing: if its job still runs there, it runs on, and nobody stops it. The history says `abandoned`.',
  examples: [
    { line: 'longhaul remove train --dry-run', text: 'what would be forgotten' },
    { line: 'longhaul remove train --yes', text: 'without a question' },
    { line: 'longhaul remove train --abandon', text: 'give the name up of what a machine that is gone has started' },
  ],
  options: [
    { flags: '-y, --yes', text: 'do not ask' },
    { flags: '--abandon', text: 'give up the name of a session that is unknown, and leave its job alone; refused for what runs here' },
    { flags: '--dry-run', text: 'only say what would be done' },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 1, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands, options }) => {
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    const where = backend === null ? {} : { backend };
    const isAbandoned = options.has('abandon');
    return await withHost(cli, async (host) => {
      const plan = async (name: string): Promise<Plan> => await (isAbandoned ? abandonPlanOf : planOf)(name, host, where);
      if (options.has('dryRun')) {
        const plans = await eachName(operands, plan);
        return reportOutcomes(plans, cli, { data: ({ session, runs, kept }) => ({ session, runs, kept, removed: false }), text: ({ text }) => `${text}\n` });
      }
      // A name that is wrong needs no answer.
      const asked = options.has('yes') ? [] : await eachName(operands, plan);
      if (asked.length > 0 && asked.every(({ ok }) => !ok)) return reportOutcomes(asked, cli, { data: ({ session }) => ({ session, removed: false }), text: ({ text }) => `${text}\n` });
      const names = operands.map((name) => `"${name}"`).join(', ');
      const question = isAbandoned
        ? `Give up ${names}? No job is ended: one that still runs elsewhere runs on, and a new start of the name runs beside it.`
        : `Forget ${names}? Logs and exit codes stay in the history, and outputs are still sent.`;
      if (!options.has('yes') && !(await confirm(question, cli))) return EXIT.FAILED;
      const outcomes = await eachName(operands, async (name) => await (isAbandoned ? abandon : forget)(name, host, where));
      return reportOutcomes(outcomes, cli, { data: ({ text: _, ...data }) => data, text: ({ text }) => `${text}\n` });
    });
  },
};

type Where = { readonly backend?: 'tmux' | 'container' };

interface Removed {
  readonly session: string;
  readonly removed: true;
  readonly kept: Kept;
  readonly text: string;
}

/** Ids of jobs. */
interface Kept {
  readonly runs: number;
  readonly jobsUnderWay: readonly string[];
  readonly jobsFailed: readonly string[];
}

async function forget(name: string, host: Host, where: Where): Promise<Removed> {
  const kept = await keptOf(name, host);
  await host.sessions.remove(name, where);
  return { session: name, removed: true, kept: kept.data, text: `${printable(name)} removed${kept.text}` };
}

/** `reason`: why nobody could tell what its job does; null where it had ended. */
async function abandon(name: string, host: Host, where: Where): Promise<Removed & { readonly runId: string; readonly reason: string | null }> {
  const { runId, reason } = await host.sessions.abandon(name, where);
  const kept = await keptOf(name, host);
  const text = reason === null ? 'removed: it had ended' : `abandoned, and its job left alone; what it writes: longhaul logs ${printable(name)} --run ${runId}`;
  return { session: name, removed: true, runId, reason, kept: kept.data, text: `${printable(name)} ${text}${kept.text}` };
}

/** A removal gives a name up. What its runs have made is not the session's, and somebody may still need it. */
async function keptOf(name: string, host: Host): Promise<{ readonly data: Kept; readonly text: string }> {
  const [{ length: runs }, { underWay, failed }] = await Promise.all([host.sessions.history({ session: name }), host.jobsOf(name)]);
  const told = [
    ...(runs === 0 ? [] : [`the history keeps ${count(runs, 'run')} with log and exit code`]),
    ...(underWay.length === 0 ? [] : [`${count(underWay.length, 'job')} of its outputs ${underWay.length === 1 ? 'goes' : 'go'} on, so that nothing it made is lost (longhaul sync list --session ${printable(name)})`]),
    ...failed.slice(0, 1).map(({ id }) => `${count(failed.length, 'job')} of its outputs failed and ${failed.length === 1 ? 'waits' : 'wait'} for you (longhaul why ${id})`),
  ];
  return { data: { runs, jobsUnderWay: underWay.map(({ id }) => id), jobsFailed: failed.map(({ id }) => id) }, text: told.map((text) => `; ${text}`).join('') };
}

interface Plan {
  readonly session: string;
  readonly runs: number;
  readonly kept: Kept;
  readonly text: string;
}

async function planOf(name: string, host: Host, where: Where): Promise<Plan> {
  const status = await startedStatus(name, host, where);
  const session = status.managed ? asSessionName(name) : null;
  const current = session === null ? null : host.runs.observeCurrent(session);
  const isKept = current === null ? status.state === 'running' : holdsName(current);
  return await plan(status, isKept ? `is ${stateText(status)} and would be refused` : `(${stateText(status)}) would be forgotten`, host);
}

async function abandonPlanOf(name: string, host: Host, where: Where): Promise<Plan> {
  const status = await startedStatus(name, host, where);
  const { reason } = await host.sessions.abandon(name, { ...where, mode: 'plan' });
  return await plan(status, reason === null ? `(${stateText(status)}) has ended and would be forgotten` : `would be given up, and its job left alone (${printable(reason)})`, host);
}

async function startedStatus(name: string, { sessions }: Host, where: Where): Promise<SessionStatus> {
  const status = await sessions.status(name, where);
  if (status.state === 'defined') throw new SessionNotFoundError(name, status.backend, { hint: `It stands in longhaul.yaml and was never started: longhaul start ${name}` });
  return status;
}

async function plan({ name }: SessionStatus, what: string, host: Host): Promise<Plan> {
  const { data, text } = await keptOf(name, host);
  return { session: name, runs: data.runs, kept: data, text: `${printable(name)} ${what}${text}` };
}
