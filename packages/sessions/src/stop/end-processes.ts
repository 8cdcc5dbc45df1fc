import { setTimeout as delay } from 'node:timers/promises';

import type { ProcessInfo } from '@longhaul/exec';

import type { StopStep } from '../run-record.ts';
import type { ProcessView } from './process-view.ts';
import type { StopSignal } from './stop-signal.ts';
import type { StopTarget } from './stop-target.ts';
import { membersOf } from './stop-target.ts';

/** How {@link endProcesses} goes about it. */
export interface EndPlan {
  readonly how: 'graceful' | 'force';
  readonly signal: StopSignal;
  readonly timeoutMs: number;
  /** Told before a step is taken; `others`: processes beside the job that were asked to end too. */
  readonly beforeStep: (step: StopStep, others: readonly number[]) => void;
  /** Told when nobody who was asked is left, or the time is up. */
  readonly afterWait: () => void;
}

/** What {@link endProcesses} did. */
export interface Ended {
  readonly step: StopStep;
  readonly signalled: readonly number[];
  readonly killed: readonly number[];
  /** Who could not be ended, not even by KILL. */
  readonly left: readonly number[];
  /** Those of them who could not be signalled at all, being another user's. */
  readonly refused: readonly number[];
}

export interface EndPorts {
  readonly view: ProcessView;
  /** Milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const systemClock: Pick<EndPorts, 'now' | 'sleep'> = { now: () => performance.now(), sleep: (ms) => delay(ms) };

const POLL_MS = 10;
/** A process in an uninterruptible wait (a dead network disk) does not even end by KILL. */
const KILL_WAIT_MS = 5000;
/** Whoever may not be signalled often ends with those who may: sudo with what it runs. */
const FOLLOW_WAIT_MS = 1000;

/**
 * The stop contract (design §4.5): signal to the foreground group and the job's group, CONT, wait; KILL for whatever is left of the
 * job's session, its descendants and what carries its tag. Everybody who was asked gets the whole time, not only the job: a wrapper
 * dies at once and what it wraps needs a second.
 */
export async function endProcesses(target: StopTarget, plan: EndPlan, ports: EndPorts): Promise<Ended> {
  const members = await look(target, ports);
  const { asked, awaited } = plan.how === 'graceful' ? ask({ target, members }, plan, ports) : NOBODY;
  await waitFor(() => alive(awaited, ports).length === 0, plan.timeoutMs, ports);
  plan.afterWait();
  const jobLives = alive([target.job], ports).length > 0;
  // No step is recorded that cannot be taken.
  if (jobLives && (ports.view.reaches(target.job.pid) || members.some(({ pid }) => ports.view.reaches(pid)))) plan.beforeStep('kill', []);
  const { killed, left, refused } = await sweep({ target, members }, ports);
  // The word that the record has for it: what the job left behind is in `killed`.
  return { step: plan.how === 'force' || jobLives ? 'kill' : 'signal', signalled: asked.map(({ pid }) => pid), killed, left, refused };
}

type Identity = Pick<ProcessInfo, 'pid' | 'startTime'>;

interface Asked {
  readonly asked: readonly Identity[];
  /** Those of them who may act on it. */
  readonly awaited: readonly Identity[];
}

const NOBODY: Asked = { asked: [], awaited: [] };

/** Whom a stop is about, and who belonged to it when it began. */
interface Begun {
  readonly target: StopTarget;
  readonly members: readonly ProcessInfo[];
}

function ask({ target, members }: Begun, plan: EndPlan, { view }: EndPorts): Asked {
  const processes = view.list();
  const job = processes.find((info) => info.pid === target.job.pid && info.startTime === target.job.startTime);
  if (job === undefined) return NOBODY;
  const groups = new Set([job.foregroundPgid, job.pgid].filter((pgid): pgid is number => pgid !== null && pgid > 1));
  const isReached = view.reaches(job.pid);
  // A job that is another user's passes nothing on: what it runs is asked itself, and ends it so.
  const beside = isReached ? [] : members.filter((info) => !groups.has(info.pgid));
  const others = processes.filter((info) => groups.has(info.pgid) && info.state !== 'zombie' && info.pid !== target.shellPid && info.pid !== process.pid);
  const asked = [...others, ...beside].filter(({ pid }) => view.reaches(pid));
  if (asked.length === 0) return NOBODY;
  // sh starts what it puts in the background with INT ignored: such a one is not waited for, the job's end is its end.
  const awaited = [...(isReached ? [] : [job]), ...asked.filter(({ pid }) => pid === job.pid || !view.ignores(pid, plan.signal))];
  plan.beforeStep('signal', awaited.filter(({ pid }) => pid !== job.pid).map(({ pid }) => pid));
  // From inside the session the group has this process in it, which has a report to give.
  const self = processes.find(({ pid }) => pid === process.pid);
  const isApart = !isReached || (self !== undefined && groups.has(self.pgid));
  const targets = isApart ? asked.map(({ pid }) => pid) : [...groups].map((pgid) => -pgid);
  for (const signal of [plan.signal, 'SIGCONT'] as const) for (const pid of targets) view.kill(pid, signal);
  return { asked, awaited };
}

function alive(identities: readonly Identity[], { view }: EndPorts): readonly Identity[] {
  return identities.filter(({ pid, startTime }) => {
    const info = view.look(pid);
    return info !== null && info.state !== 'zombie' && info.startTime === startTime;
  });
}

/** KILL until nobody is left: a process may have forked between the look and the signal. */
async function sweep({ target, members: first }: Begun, ports: EndPorts): Promise<Pick<Ended, 'killed' | 'left' | 'refused'>> {
  const killed = new Set<number>();
  // Remembered: where its parent has ended, nothing says any more whose it was, for the environment of another user's process cannot be read.
  const refused = new Map(first.filter(({ pid }) => !ports.view.reaches(pid)).map((info): [number, Identity] => [info.pid, info]));
  const end = ports.now() + KILL_WAIT_MS;
  for (;;) {
    const members = await look(target, ports);
    if (members.length > 0 && ports.now() >= end) return { killed: [...killed], left: pidsOf(members), refused: pidsOf(members.filter(({ pid }) => refused.has(pid))) };
    const outcomes = members.map((member) => ({ member, outcome: ports.view.kill(member.pid, 'SIGKILL') }));
    const sent = outcomes.filter(({ outcome }) => outcome === 'sent').map(({ member }) => member);
    for (const { member, outcome } of outcomes) if (outcome === 'refused') refused.set(member.pid, member);
    for (const { pid } of sent) killed.add(pid);
    await waitFor(() => alive(sent, ports).length === 0, end - ports.now(), ports);
    if (outcomes.some(({ outcome }) => outcome !== 'refused')) continue;
    const others = [...refused.values()];
    if (first.some(({ pid }) => !refused.has(pid))) await waitFor(() => alive(others, ports).length === 0, FOLLOW_WAIT_MS, ports);
    const left = pidsOf(alive(others, ports));
    return { killed: [...killed], left, refused: left };
  }
}

function pidsOf(identities: readonly Identity[]): readonly number[] {
  return identities.map(({ pid }) => pid);
}

async function look(target: StopTarget, { view }: EndPorts): Promise<readonly ProcessInfo[]> {
  const tagged = target.runId === null ? [] : await view.tagged(target.runId);
  const tmuxServers = await view.tmuxServers();
  return membersOf(target, { processes: view.list(), tagged: new Set(tagged), tmuxServers: new Set(tmuxServers), self: process.pid });
}

/** Whether `condition` came about in time. */
export async function waitFor(condition: () => boolean, timeoutMs: number, { now, sleep }: Pick<EndPorts, 'now' | 'sleep'>): Promise<boolean> {
  const end = now() + timeoutMs;
  while (!condition()) {
    if (now() >= end) return false;
    await sleep(POLL_MS);
  }
  return true;
}
