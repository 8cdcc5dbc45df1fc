import type { TransportErrorKind } from '@longhaul/errors';
import { RECLAIM_RULES } from './deletion-judge.ts';
import { flipped } from './fake-transport.ts';
import type { Simulation } from './simulation.ts';

const MINUTE = 60_000;

type Deed = (simulation: Simulation) => Promise<void> | void;

const OUTAGES: readonly TransportErrorKind[] = ['network', 'network', 'auth', 'permission', 'config'];

/** What people, programs and machines do while the queue works. */
const ALWAYS: readonly Deed[] = [
  () => undefined,
  // A program goes on writing.
  (simulation) => simulation.write(sourceOf(simulation), 'f0', `w${simulation.below(1000)}`),
  enqueueAgain,
  outage,
  fullDisk,
  pauseAll,
  pauseOne,
  closedWindow,
  fallAsleep,
];

const TROUBLE: readonly Deed[] = [...ALWAYS, rot, rot, cancel, cancel, retryAll, vanish];
const RECLAIM: readonly Deed[] = [...ALWAYS, rot, rot, rot];

export async function disturb(simulation: Simulation): Promise<void> {
  const deed = simulation.oneOf(simulation.kind === 'reclaim' ? RECLAIM : TROUBLE);
  simulation.deeds += 1;
  try {
    await deed(simulation);
  } catch (error) {
    simulation.problems.push(`a person was refused what must be possible: ${String(error)}`);
  }
}

function sourceOf(simulation: Simulation): string {
  return simulation.oneOf([...simulation.world.sealer.folders.keys()]);
}

function placeOf(simulation: Simulation): string {
  return simulation.oneOf([...simulation.world.places.keys()]);
}

async function enqueueAgain(simulation: Simulation): Promise<void> {
  const source = sourceOf(simulation);
  await simulation.enqueue(source, simulation.oneOf(simulation.meant.get(source) ?? []));
}

/**
 * The machine sleeps for a while: the wall clock has moved on when it wakes, and the other one as well where it counts on (a stopped virtual machine).
 * Leases have lapsed then, and what was read at a destination may be there no more.
 */
export function fallAsleep(simulation: Simulation): void {
  const { clock, places } = simulation.world;
  const ms = simulation.below(10 * MINUTE);
  const counts = simulation.below(2) === 0 ? 'both clocks' : 'the wall clock';
  if (counts === 'both clocks') clock.oversleep(ms);
  else clock.jump(ms);
  simulation.sleeps += 1;
  // What was proven less than a minute ago may be believed.
  if (ms > RECLAIM_RULES.freshMs + 1_000 && simulation.below(2) === 0) for (const place of places.keys()) flipOne(simulation, place);
}

function outage(simulation: Simulation): void {
  const { destination } = simulation.world.place(placeOf(simulation));
  destination.down = simulation.oneOf(OUTAGES);
  simulation.world.clock.after(simulation.below(MINUTE), () => (destination.down = null));
}

function fullDisk(simulation: Simulation): void {
  const { destination } = simulation.world.place(placeOf(simulation));
  destination.freeBytes = simulation.below(4);
  simulation.world.clock.after(simulation.below(5 * MINUTE), () => (destination.freeBytes = Number.POSITIVE_INFINITY));
}

async function pauseAll(simulation: Simulation): Promise<void> {
  const { world } = simulation;
  await world.queue.pauseAll();
  world.clock.after(simulation.below(MINUTE), () => void world.queue.resumeAll());
}

async function pauseOne(simulation: Simulation): Promise<void> {
  const place = placeOf(simulation);
  await simulation.world.queue.pauseDestination(place);
  simulation.world.clock.after(simulation.below(MINUTE), () => void simulation.world.queue.resumeDestination(place));
}

function closedWindow(simulation: Simulation): void {
  const from = simulation.world.clock.now() + simulation.below(2_000);
  simulation.closed = [from, from + simulation.below(2 * MINUTE)];
}

async function cancel(simulation: Simulation): Promise<void> {
  const { jobs } = await simulation.world.queue.list({ states: ['QUEUED', 'RUNNING', 'AWAITING_VERIFY'] });
  if (jobs.length > 0) await simulation.world.queue.cancel(simulation.oneOf(jobs).id);
}

async function retryAll({ world }: Simulation): Promise<void> {
  await world.queue.retryAll();
}

/** A file is gone for a while. */
function vanish(simulation: Simulation): void {
  const folder = simulation.world.sealer.folders.get(sourceOf(simulation));
  const [name, file] = [...(folder?.files ?? [])][0] ?? [];
  if (folder === undefined || name === undefined || file === undefined) return;
  folder.files.delete(name);
  simulation.world.clock.after(simulation.below(MINUTE), () => {
    // Unless somebody has written it anew.
    if (!folder.files.has(name)) folder.files.set(name, file);
  });
}

/** A disk at a destination loses a bit, while the source is still whole and nobody is deleting it: what follows is for the audit and the last check. */
async function rot(simulation: Simulation): Promise<void> {
  if ((await simulation.world.store.openReclaims()).length > 0) return;
  flipOne(simulation, placeOf(simulation));
}

/** One bit of every result there, but of those that may be all that is left. */
function flipOne({ world, judge }: Simulation, place: string): void {
  const { destination } = world.place(place);
  for (const [finalName, { tree }] of destination.finals) {
    const [path, content] = [...tree][0] ?? [];
    if (path === undefined || content === undefined || [...judge.touched].some((source) => source.endsWith(`/${finalName}`))) continue;
    tree.set(path, flipped(content));
    destination.rotted = true;
  }
}
