import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runToEnd, TEST_IMAGES } from '@longhaul/testbed';
import type { ChaosWorld, RunLine } from './chaos-world.ts';
import { countingArgv } from './counting-job.ts';
import type { Chance } from './random.ts';

/** What one action works with. */
export interface Turn {
  readonly world: ChaosWorld;
  readonly chance: Chance;
  /** Counts the turns: names of truths come from it. */
  readonly number: number;
}

/** Something that people, kernels and administrators do; gives a line about it. */
export interface Action {
  readonly name: string;
  /** How often, relative to the others. */
  readonly weight: number;
  readonly run: (turn: Turn) => Promise<string>;
}

/** Few names, so that starts meet sessions that run, sessions that have ended and sessions that are being removed. */
const NAMES = 12;
const EXITS = [0, 0, 0, 1, 7, 42, 130, 255];

function nameOf(turn: Turn): string {
  return `job-${String(turn.chance.below(NAMES))}`;
}

function startArgs(turn: Turn): readonly string[] {
  const { chance, world, number } = turn;
  const job = { lines: 1 + chance.below(chance.oneOf([3, 60, 600])), code: chance.oneOf(EXITS), truth: `t${String(number)}` };
  const pauseMs = chance.oneOf([0, 5, 30]);
  const where = chance.oneOf<'tmux' | 'podman' | 'docker'>(['tmux', 'tmux', ...world.runtimes]);
  if (where === 'tmux') return ['start', nameOf(turn), '--', ...countingArgv(job, { folder: world.truths, pauseMs })];
  const container = ['-b', 'container', '--runtime', where, '-i', TEST_IMAGES.plain, '--network', 'none', '-v', `${world.truths}:/truths`];
  return ['start', nameOf(turn), ...container, '--', ...countingArgv(job, { folder: '/truths', pauseMs })];
}

async function told(turn: Turn, args: readonly string[]): Promise<string> {
  const { code } = await turn.world.longhaul(args);
  return `${args.slice(0, 2).join(' ')}: ${String(code)}`;
}

/** kill -9 of the program itself, somewhere between its first and its last step. */
async function killedStart(turn: Turn): Promise<string> {
  const child = spawn(process.execPath, turn.world.argv(startArgs(turn)), { cwd: turn.world.folder, env: turn.world.env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await Promise.race([delay(turn.chance.below(200)), ended]);
  child.kill('SIGKILL');
  await ended;
  return 'kill -9 of a start';
}

async function killLauncher(turn: Turn): Promise<string> {
  const running = (await turn.world.runs()).filter(({ state }) => state === 'running');
  if (running.length === 0) return 'no launcher to kill';
  const { runId, name } = turn.chance.oneOf(running);
  const pid = launcherOf(turn.world, runId);
  // It may have ended by now, and its number be anybody's.
  if (pid === null || !readOr(`/proc/${String(pid)}/cmdline`, '').includes(turn.world.stateDir)) return `the launcher of ${name} is gone`;
  process.kill(pid, 'SIGKILL');
  return `kill -9 of the launcher of ${name}`;
}

function launcherOf(world: ChaosWorld, runId: RunLine['runId']): number | null {
  const text = readOr(join(world.stateDir, 'runs', runId, 'launcher.json'), '');
  return text === '' ? null : (JSON.parse(text) as { readonly pid: number }).pid;
}

async function killTmux({ world }: Turn): Promise<string> {
  const { stdout } = await runToEnd('tmux', ['-S', world.socket, 'display-message', '-p', '#{pid}']);
  const pid = Number(stdout.toString());
  if (!Number.isSafeInteger(pid) || pid <= 1) return 'no tmux server to kill';
  process.kill(pid, 'SIGKILL');
  return 'kill -9 of the tmux server';
}

/** podman has no daemon that could be killed. */
async function restartDockerd({ world, chance }: Turn): Promise<string> {
  const { docker } = world.engines;
  if (docker === undefined) return 'no dockerd to restart';
  const from = Date.now();
  await docker.stop('kill');
  await delay(chance.below(1000));
  await docker.start();
  world.outages.push({ from, to: Date.now() });
  return 'kill -9 and start of dockerd';
}

/** Read, or the other text where it is gone: in this world everything may be. */
function readOr(path: string, other: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return other;
  }
}

/** Everything that can happen. */
export const ACTIONS: readonly Action[] = [
  { name: 'start', weight: 40, run: (turn) => told(turn, startArgs(turn)) },
  { name: 'killed start', weight: 10, run: killedStart },
  { name: 'stop', weight: 10, run: (turn) => told(turn, ['stop', nameOf(turn), '--timeout', '2s']) },
  { name: 'force', weight: 6, run: (turn) => told(turn, ['stop', nameOf(turn), '--force']) },
  { name: 'remove', weight: 8, run: (turn) => told(turn, ['remove', nameOf(turn), '--yes']) },
  { name: 'list', weight: 6, run: (turn) => told(turn, ['list']) },
  { name: 'logs', weight: 6, run: (turn) => told(turn, ['logs', nameOf(turn)]) },
  { name: 'kill launcher', weight: 5, run: killLauncher },
  { name: 'kill tmux', weight: 3, run: killTmux },
  { name: 'restart dockerd', weight: 1, run: restartDockerd },
];

/** {@link ACTIONS}, those of these names five times as often. @throws RangeError for a name that none has */
export function actionsFavouring(names: readonly string[]): readonly Action[] {
  const wrong = names.find((name) => !ACTIONS.some((action) => action.name === name));
  if (wrong !== undefined) throw new RangeError(`no action is called "${wrong}"; there are ${ACTIONS.map(({ name }) => name).join(', ')}`);
  return ACTIONS.map((action) => (names.includes(action.name) ? { ...action, weight: action.weight * 5 } : action));
}

/** One of them, by weight. */
export function chooseAction(actions: readonly Action[], chance: Chance): Action {
  let rest = chance.below(actions.reduce((sum, { weight }) => sum + weight, 0));
  for (const action of actions) {
    rest -= action.weight;
    if (rest < 0) return action;
  }
  throw new RangeError('the weights do not add up');
}
