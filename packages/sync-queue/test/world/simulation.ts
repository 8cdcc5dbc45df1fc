import { canTransition } from '@longhaul/sync-queue';
import type { JobEvent } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { PushFault } from './fake-transport.ts';
import { Life } from './life.ts';
import { seededRandom } from './seeded-random.ts';
import { asText, World } from './world.ts';

const MAX_LIVES = 12;
const HOUR = 3_600_000;

/** What a run of the simulation came to; `problems` is empty when every promise held. */
export interface SimulationResult {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly crashes: number;
  readonly jobs: number;
}

/**
 * One life of a queue, chosen by its seed: some jobs, some failures, writers that change the sources, and workers that die at
 * any call to the outside world or at any moment. At the end a last worker lives, and everything that was promised is checked.
 */
export async function simulate(seed: number): Promise<SimulationResult> {
  return new Simulation(seed).run();
}

class Simulation {
  readonly #seed: number;
  readonly #random: () => number;
  readonly #problems: string[] = [];
  #crashes = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
  }

  async run(): Promise<SimulationResult> {
    await using world = await World.create({ random: this.#random });
    try {
      await this.#populate(world);
      await this.#crashAlong(world);
      await this.#finish(world);
      await this.#check(world);
    } catch (error) {
      this.#problems.push(`it threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    const { jobs } = await world.queue.list({ limit: 500 });
    return { seed: this.#seed, problems: this.#problems, crashes: this.#crashes, jobs: jobs.length };
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  async #populate(world: World): Promise<void> {
    const places = ['nas', 'disk'].slice(0, 1 + this.#below(2));
    for (const name of places) world.place(name).transport.faults.push(...this.#faults());
    for (let index = 0; index <= this.#below(3); index += 1) {
      const files = Object.fromEntries(Array.from({ length: 1 + this.#below(4) }, (_, file) => [`f${file}`, `${index}${file}`.repeat(1 + this.#below(3))]));
      world.folder(`/data/s${index}`, files);
      for (const destination of places) await world.enqueue(`/data/s${index}`, { destination });
    }
  }

  #faults(): readonly (PushFault | null)[] {
    const all: readonly (PushFault | null)[] = [null, null, null, { kind: 'network', afterFiles: 1 }, { kind: 'interrupted', afterFiles: 1 }, { corrupt: rawPathFromText('f0') }, { kind: 'throttled' }];
    return Array.from({ length: this.#below(4) }, () => all[this.#below(all.length)] ?? null);
  }

  /** Lives of workers, one or two at a time, each with its own way to die. */
  async #crashAlong(world: World): Promise<void> {
    for (let count = 1 + this.#below(MAX_LIVES); count > 0; count -= 1) {
      const lives = Array.from({ length: 1 + this.#below(2) }, () => this.#startLife(world));
      this.#disturb(world);
      await world.clock.when(() => lives.every((life) => life.dead), 48 * HOUR);
      // The next worker comes soon after, or when every lease has lapsed.
      await world.clock.pass(this.#random() < 0.5 ? 100 : 120_000);
    }
  }

  #startLife(world: World): Life {
    const death = this.#random() < 0.7 ? { call: 1 + this.#below(60), moment: this.#random() < 0.5 ? 'before' : 'after' } as const : null;
    const life = new Life(death);
    life.onDeath.push(() => (this.#crashes += 1));
    const freezes = this.#random() < 0.2;
    if (freezes) world.clock.after(this.#below(2_000), () => this.#freeze(world, life));
    // Nobody lives for ever: also the one that has nothing to do.
    world.clock.after(100 + this.#below(8_000) + (freezes ? 200_000 : 0), () => life.kill());
    const { worker } = world.worker({ life, policy: { maxRecoveries: Number.MAX_SAFE_INTEGER, stallMs: 60_000, pollMs: 3_000, recoveryMs: 3_000 } });
    worker.run({ mode: 'forever', concurrency: 1 + this.#below(3) }).catch((error: unknown) => this.#problems.push(`a worker failed: ${String(error)}`));
    return life;
  }

  /** Long enough for its lease to lapse, most times. */
  #freeze(world: World, life: Life): void {
    world.clock.after(30_000 + this.#below(120_000), life.freeze());
  }

  /** Things that people and other programs do meanwhile. */
  #disturb(world: World): void {
    const sources = [...world.sealer.folders.entries()];
    const [path, folder] = sources[this.#below(sources.length)] ?? [];
    if (path === undefined || folder === undefined) return;
    const deeds: readonly (() => void)[] = [
      () => undefined,
      () => undefined,
      () => folder.write('f0', `w${this.#below(1000)}`),
      () => void world.enqueue(path),
      () => this.#outage(world),
    ];
    world.clock.after(this.#below(3_000), () => deeds[this.#below(deeds.length)]?.());
  }

  #outage(world: World): void {
    const { destination } = world.place();
    destination.down = 'network';
    world.clock.after(this.#below(60_000), () => (destination.down = null));
  }

  /** The world is quiet now: one worker that lives must bring everything to its end. */
  async #finish(world: World): Promise<void> {
    await world.clock.pass(120_000);
    for (const { transport } of world.places.values()) transport.faults.length = 0;
    for (const path of world.sealer.folders.keys()) for (const destination of world.places.keys()) await world.enqueue(path, { destination });
    await world.drain({ waitFor: 'held', policy: { maxRecoveries: Number.MAX_SAFE_INTEGER } });
  }

  async #check(world: World): Promise<void> {
    for (const [name, { destination }] of world.places) {
      this.#problems.push(...destination.violations);
      if (destination.staging.size > 0) this.#problems.push(`staging is left at ${name}`);
      for (const [path, folder] of world.sealer.folders) {
        const [there, here] = [JSON.stringify(world.published(path.split('/').at(-1) ?? '', name)), JSON.stringify(asText(folder.contents()))];
        if (there !== here) this.#problems.push(`${name} holds ${there} instead of ${here}`);
      }
      const reveals = destination.reveals.map(({ jobId, sealId }) => `${jobId} ${sealId}`);
      if (new Set(reveals).size !== reveals.length) this.#problems.push(`something was published twice at ${name}: ${reveals.join(', ')}`);
    }
    await this.#checkJobs(world);
  }

  async #checkJobs(world: World): Promise<void> {
    if ((await world.store.leases()).length > 0) this.#problems.push('a lease is left');
    if ((await world.store.orphans()).length > 0) this.#problems.push('an orphan is left');
    for (const job of (await world.queue.list({ limit: 500 })).jobs) {
      if (job.state !== 'VERIFIED') this.#problems.push(`job ${job.id} is ${job.state}: ${String(job.lastError)}`);
      const proofs = await world.queue.proofs(job.id);
      if (proofs.length !== 1 || proofs[0]?.sealDigest !== job.sealDigest) this.#problems.push(`job ${job.id} has ${proofs.length} proofs`);
      this.#checkHistory(await world.queue.history(job.id));
    }
  }

  #checkHistory(history: readonly JobEvent[]): void {
    for (const [index, { from, to, epoch, jobId }] of history.entries()) {
      const before = history[index - 1];
      if (from !== (before?.to ?? null)) this.#problems.push(`job ${jobId}: gap in its history at ${index}`);
      if (from !== null && from !== to && !canTransition(from, to)) this.#problems.push(`job ${jobId}: ${from} to ${to}`);
      if (epoch < (before?.epoch ?? 0)) this.#problems.push(`job ${jobId}: a lower epoch wrote after a higher one`);
    }
  }
}
