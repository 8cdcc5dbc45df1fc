import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChaosWorld, RunLine } from './chaos-world.ts';
import type { CountingJob } from './counting-job.ts';
import { countingJobOf, truthOf } from './counting-job.ts';

/** What must hold when everything was stopped: every run has ended and says how, no line is lost unless its log says so, nobody is left. Gives what does not hold. */
export async function violations(world: ChaosWorld): Promise<readonly string[]> {
  const found: string[] = [];
  const runs = await world.runs();
  for (const run of runs) found.push(...(await runViolations(world, run)));
  return [...found, ...orphans(world)];
}

/** Reasons with which the code of the job may be unknown: its launcher was killed, or it never began. */
const WITHOUT_CODE: ReadonlySet<string | null> = new Set(['lost', 'start-failed', 'interrupted', 'stopped']);

async function runViolations(world: ChaosWorld, run: RunLine): Promise<readonly string[]> {
  const job = countingJobOf(run.command);
  const what = `${run.name} ${run.runId} (${run.backend}, ${run.state}, ${String(run.reason)}, ${String(run.exitCode)})`;
  if (job === null) return isNeverAsked(run) ? [] : [`${what}: no command of ours`];
  const found: string[] = [];
  if (run.state !== 'exited' && run.state !== 'stopped') found.push(`${what}: not over`);
  if (run.exitCode === null && !WITHOUT_CODE.has(run.reason)) found.push(`${what}: no code, and no reason for that`);
  const counted = truthOf(job, world.truths);
  if (run.reason === 'exit' && (counted !== job.lines || run.exitCode !== job.code)) found.push(`${what}: should have counted to ${String(job.lines)} and exited ${String(job.code)}, counted to ${String(counted)}`);
  return [...found, ...(await logViolations(world, { run, job, counted, what }))];
}

/** A start that was killed between its claim of the name (which comes first, design §4.2) and its spec.json: nobody can say what was asked, and nothing was done. */
function isNeverAsked({ command, reason, startedAt, exitCode }: RunLine): boolean {
  return command.length === 0 && reason === 'start-failed' && startedAt === null && exitCode === null;
}

interface Judged {
  readonly run: RunLine;
  readonly job: CountingJob;
  readonly counted: number;
  readonly what: string;
}

async function logViolations(world: ChaosWorld, { run, counted, what }: Judged): Promise<readonly string[]> {
  const { code, stdout, stderr } = await world.longhaul(['logs', run.name, '--run', run.runId]);
  if (code !== 0) return counted === 0 ? [] : [`${what}: its log cannot be read (${String(code)}: ${stderr.toString().trim()})`];
  const numbers = stdout.toString().split(/\r?\n/).filter((line) => line !== '' && line !== '^C').map((line) => Number(/^(?:\^C)?line (\d+)$/.exec(line)?.[1] ?? NaN));
  const gap = /output of \S+ may be missing.*/.exec(stderr.toString())?.[0] ?? null;
  if (gap !== null && !mayHaveGap(world, run)) return [`${what}: nobody was away, and yet: ${gap}`];
  const isInOrder = numbers.every((number, index) => number > (numbers[index - 1] ?? 0) && number <= counted);
  if (!isInOrder) return [`${what}: counted to ${String(counted)}, its log says ${numbers.join(' ')}`];
  // It writes the file of truth before it prints, so the last line may be missing.
  const isWhole = numbers.length === counted || (numbers.length === counted - 1 && numbers.at(-1) !== counted);
  return isWhole || gap !== null ? [] : [`${what}: counted to ${String(counted)}, ${String(numbers.length)} lines in the log, the last is ${String(numbers.at(-1))}`];
}

/** Only docker has a daemon that takes lines along; and only from those that ran while it was away. Clocks of the engine and ours are the same. */
function mayHaveGap({ outages }: ChaosWorld, { backend, createdAt, endedAt }: RunLine): boolean {
  const begin = Date.parse(createdAt ?? '') - SLACK_MS;
  const end = endedAt === null ? Infinity : Date.parse(endedAt) + SLACK_MS;
  return backend === 'container' && outages.some(({ from, to }) => from <= end && to >= begin);
}

const SLACK_MS = 1000;

/** How many runs tell of a gap in their log. */
export function gapsTold(world: ChaosWorld, runs: readonly RunLine[]): number {
  return runs.filter(({ runId }) => existsSync(join(world.stateDir, 'runs', runId, 'gaps'))).length;
}

/** Processes that belong to a run or supervise one, when none is left that could need them. */
function orphans({ stateDir }: ChaosWorld): readonly string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).flatMap((pid) => {
    const [command, environment] = [readProc(pid, 'cmdline'), readProc(pid, 'environ')];
    const isOurs = command.includes(`${stateDir}/`) || environment.includes(`LONGHAUL_STATE_DIR=${stateDir}`) && environment.includes('LONGHAUL_RUN_ID=');
    return isOurs ? [`process ${pid} is left: ${command.replaceAll('\0', ' ')}`] : [];
  });
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // Gone meanwhile.
    return '';
  }
}
