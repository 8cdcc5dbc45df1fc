import { readFileSync } from 'node:fs';
import path from 'node:path';

import { waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { GatePoint } from './sync-gate.ts';
import { gateForFile } from './sync-gate.ts';
import type { SyncWorld } from './sync-world.ts';
import { checkSums, DESTINATION_TYPES, leftovers, processesWith, receiptOf, sshdForFile, syncWorld, transitions } from './sync-world.ts';

/** Each move of publish (PROTOCOL.md), as the worker's own system call and as a program of the remote script. */
const MOVES: readonly Omit<GatePoint, 'when'>[] = [
  { name: 'the first file of metadata', call: ['rename', /checksums\.sha256\.new\0/], program: [['mv'], '*checksums.sha256.new *'] },
  { name: 'the receipt', call: ['rename', /longhaul\.json\.new\0/], program: [['mv'], '*longhaul.json.new *'] },
  { name: 'the lock', call: ['rename', /\.new\.[^\0]*\0[^\0]*\/\.locks\//], program: [['mv'], '*.new.* */.locks/*'] },
  { name: 'the tree on its way in', call: ['rename', /\/tree\0[^\0]*\/swap\.\d+\/tree$/], program: [['mv'], '*/tree */swap.*/tree'] },
  { name: 'the old result aside', call: ['rename', /\0[^\0]*\/swap\.\d+\/old$/], program: [['mv'], '* */swap.*/old'] },
  { name: 'the reveal', call: ['rename', /\/swap\.\d+\/tree\0/], program: [['mv'], '*/swap.*/tree *'] },
  { name: 'the unlock', call: ['rename', /\/\.locks\/[^\0]*\0[^\0]*\.gone\./], program: [['mv'], '*/.locks/* *.gone.*'] },
  { name: 'the sweep', call: ['rename', /\/swap\.\d+\0[^\0]*\/trash\./], program: [['mv'], '*/swap.* */trash.*'] },
];
const REVEAL = MOVES.findIndex(({ name }) => name === 'the reveal');

interface Point extends GatePoint {
  /** The new result is in place already. */
  readonly revealed: 'yes' | 'no';
  /** The machine at the other end dies with the worker; otherwise what was held there wakes up when all is over. */
  readonly remote: 'wakes late' | 'dies too';
}

const late = (point: GatePoint, revealed: Point['revealed']): Point => ({ ...point, revealed, remote: 'wakes late' });
const HASHING = late({ name: 'hashing at the destination', call: ['openSync', /\.longhaul-incoming\/[^/]+\/tree\//], program: [['sha256sum', 'openssl'], '*./*'], when: 'before' }, 'no');
/** In the worker itself, and the same for every destination, so that one is enough; what is killed in the middle of rsync has a test of its own. */
const RUNNING = [
  late({ name: 'hashing the source', call: ['openSync', /\/project\/results\/a$/], when: 'before' }, 'no'),
  late({ name: 'the first file on its way into the tree', call: ['renameSync', /\/partial\/[^\0]*\0[^\0]*\/tree\//], when: 'before' }, 'no'),
];
/** What lies at the destination before a move is what the one before it has left, so that only the last one needs an "after". */
const BEFORE = MOVES.map((move, index) => late({ ...move, when: 'before' }, index > REVEAL ? 'yes' : 'no'));
const AFTER = MOVES.slice(-1).map((move) => late({ ...move, when: 'after' }, 'yes'));
const POINTS = [HASHING, ...BEFORE, ...AFTER];
/** The most delicate ones: nothing under the final name, and the new result there with the lock still held. */
const BOTH_DIE = BEFORE.slice(REVEAL, REVEAL + 2).map((point): Point => ({ ...point, remote: 'dies too' }));

describe.each(DESTINATION_TYPES)('kill -9 of the worker, %s', (type) => {
  const gate = gateForFile();
  const sshd = sshdForFile(() => ({ path: `${gate().bin}:${process.env['PATH'] ?? ''}` }));

  /** A second generation on its way over a first one, so that every step of publish has something to do. */
  async function secondGeneration(): Promise<SyncWorld & { readonly job: string }> {
    gate().disarm();
    const world = await syncWorld({ type, sshd });
    for (const name of ['a', 'b', 'c']) world.write(`results/${name}`, `first ${name}\n`);
    // The first one over no network, whatever the second one takes: both leave the same behind.
    await world.enqueue('results', { to: world.place });
    await world.sync.work({ until: 'idle', signal: new AbortController().signal });
    world.write('results/a', 'second a\n');
    return { ...world, job: (await world.enqueue('results')).id };
  }

  /** Runs a worker up to the point and kills it there. Gives the pid of what was held. */
  async function killAt(point: Point, world: SyncWorld): Promise<number> {
    gate().arm(point);
    const worker = world.drain(gate().env);
    const held = await Promise.race([gate().reached(), worker.ended.then(({ stdout, stderr }) => Promise.reject(new Error(`the worker ended before it came to the step: ${stdout.slice(-2000)}${stderr}`)))]);
    worker.process.kill('SIGKILL');
    expect(await worker.ended).toMatchObject({ signal: 'SIGKILL' });
    return held;
  }

  async function expectDoneOnce(world: SyncWorld & { readonly job: string }, { revealed }: Point): Promise<void> {
    const result = path.join(world.place, 'results');
    const { queue } = world.sync;
    const [job, history, proofs] = await Promise.all([queue.get(world.job), queue.history(world.job), queue.proofs(world.job)]);
    expect(job).toMatchObject({ state: 'VERIFIED', attempts: 0, recoveries: 0, generation: 2 });
    expect(history.filter(({ reason }) => reason.startsWith('its worker is gone'))).toHaveLength(1);
    expect(transitions(history).filter((step) => step === 'AWAITING_VERIFY>VERIFIED')).toHaveLength(1);
    expect(proofs).toHaveLength(1);
    // What was in place already is proven where it is, not put there once more.
    const [first, second] = [...new Set(history.map(({ epoch }) => epoch).filter((epoch) => epoch > 0))].sort((a, b) => a - b);
    expect(receiptOf(result)).toMatchObject({ jobId: world.job, generation: 2, epoch: revealed === 'yes' ? first : second });
    expect(readFileSync(path.join(result, 'a'), 'utf8')).toBe('second a\n');
    await checkSums(result);
    // A folder that was to become a lock, or was one, may stay (PROTOCOL.md): anybody may delete it after a day.
    expect(leftovers(world.place).filter((name) => !/^\.(?:new|gone)\./.test(name))).toEqual([]);
  }

  const points = type === 'local' ? [...RUNNING, ...POINTS] : [...POINTS, ...BOTH_DIE];
  it.each(points.map((point) => [`${point.when} ${point.name}`, type === 'local' ? 'dies too' : point.remote, point] as const))('%s: the next worker finishes it, once (the other end %s)', async (_title, _remote, point) => {
    const world = await secondGeneration();
    const held = await killAt(point, world);
    if (point.remote === 'dies too') process.kill(held, 'SIGKILL');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    await expectDoneOnce(world, point);
    gate().open();
    // What was held wakes up now: it finds that it may do nothing any more.
    await waitFor(() => isGone(held), { what: 'the end of what was held' });
    await expectDoneOnce(world, point);
    expect(await processesWith(world.root)).toEqual([]);
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
