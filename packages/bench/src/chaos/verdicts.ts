import { readdirSync, readFileSync } from 'node:fs';
import type { ChaosWorld, RunLine } from './chaos-world.ts';
import type { CountingJob } from './counting-job.ts';
import { countingJobOf, truthOf } from './counting-job.ts';

/** What must hold when everything was stopped: every run has ended and says how, no line is lost, nobody is left. Gives what does not hold. */
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
  if (job === null) return [`${what}: no command of ours`];
  const found: string[] = [];
  if (run.state !== 'exited' && run.state !== 'stopped') found.push(`${what}: not over`);
  if (run.exitCode === null && !WITHOUT_CODE.has(run.reason)) found.push(`${what}: no code, and no reason for that`);
  const counted = truthOf(job, world.truths);
  if (run.reason === 'exit' && (counted !== job.lines || run.exitCode !== job.code)) found.push(`${what}: should have counted to ${String(job.lines)} and exited ${String(job.code)}, counted to ${String(counted)}`);
  return [...found, ...(await logViolations(world, { run, job, counted, what }))];
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
  const lines = stdout.toString().split(/\r?\n/).filter((line) => line !== '' && line !== '^C');
  const wrong = lines.findIndex((line, index) => line.replace(/^\^C/, '') !== `line ${String(index + 1)}`);
  if (wrong !== -1) return [`${what}: line ${String(wrong + 1)} of the log is ${JSON.stringify(lines[wrong])}`];
  // It writes the file of truth before it prints, so the last line may be missing.
  return lines.length === counted || lines.length === counted - 1 ? [] : [`${what}: counted to ${String(counted)}, ${String(lines.length)} lines in the log`];
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
