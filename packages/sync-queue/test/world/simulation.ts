import { pause, Reaper } from '@longhaul/sync-queue';
import type { AuditBudget, SourceFiles, WorkerPolicy } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import { DeletionJudge, RECLAIM_RULES } from './deletion-judge.ts';
import { FakeJournals, FakeSourceFiles } from './fake-reclaim.ts';
import type { PushFault } from './fake-transport.ts';
import { Life } from './life.ts';
import { seededRandom } from './seeded-random.ts';
import { problemsAtTheEnd } from './simulation-checks.ts';
import { disturb, fallAsleep } from './simulation-deeds.ts';
import type { Mutant } from './world.ts';
import { World } from './world.ts';

const MAX_LIVES = 5;
/** How long a reaper reads a file before it goes. */
const READ_MS = 100;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const POLICY: Partial<WorkerPolicy> = { maxRecoveries: Number.MAX_SAFE_INTEGER, stallMs: 60_000, pollMs: 5_000, recoveryMs: 5_000, busySourceMs: 10_000, heartbeatMs: 5_000 };
const AUDIT: AuditBudget = { everyMs: 20_000, maxFilesPerDay: null, maxBytesPerDay: null };

/** What a run of the simulation came to; `problems` is empty when every promise held. */
export interface SimulationResult {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly crashes: number;
  readonly jobs: number;
  /** Files that a reaper deleted. */
  readonly deletions: number;
  /** Deletions among them of what two sources have. */
  readonly shared: number;
  /** How often the machine slept. */
  readonly sleeps: number;
  /** Damaged results that were mended, cancels, outages and the like that took place. */
  readonly deeds: number;
}

/** A bug that is planted, to see that the simulation finds it. */
export interface SimulationMutant extends Mutant {
  readonly files?: (files: SourceFiles) => SourceFiles;
  readonly lastCheck?: 'skipped';
  /** How long a last check counts. Milliseconds. */
  readonly freshMs?: number;
}

/**
 * One life of a queue, chosen by its seed: some jobs, some failures, people and programs that do what they do, and processes with a worker,
 * an audit and a reaper that die at any call to the outside world or at any moment. At the end a last one lives, and everything that was
 * promised is checked.
 */
export async function simulate(seed: number, mutant: SimulationMutant = {}): Promise<SimulationResult> {
  return new Simulation(seed, mutant).run();
}

export class Simulation {
  readonly random: () => number;
  readonly problems: string[] = [];
  /** Every fourth seed has a reaper, the others people who cancel and files that vanish: together little would be left to be proven. */
  readonly kind: 'reclaim' | 'trouble';
  world!: World;
  judge!: DeletionJudge;
  crashes = 0;
  deeds = 0;
  sleeps = 0;
  /** Whether one source lies inside another. */
  readonly #nested: boolean;
  /** Whether the machine sleeps now and then, at any call of a process to the outside world. */
  readonly #sleepy: boolean;
  /** Where each source is sent. */
  readonly meant: Map<string, readonly string[]> = new Map<string, readonly string[]>();
  readonly #seed: number;
  readonly #mutant: SimulationMutant;
  readonly #journals = new FakeJournals();
  /** While nothing may be sent: from, to. */
  closed: readonly [number, number] = [0, 0];

  constructor(seed: number, mutant: SimulationMutant) {
    this.#seed = seed;
    this.#mutant = mutant;
    this.random = seededRandom(seed);
    this.kind = seed % 4 === 0 ? 'reclaim' : 'trouble';
    const quarter = Math.floor(seed / 4);
    this.#nested = quarter % 3 === 0;
    this.#sleepy = quarter % 2 === 0;
  }

  async run(): Promise<SimulationResult> {
    await using world = await World.create({ random: this.random, mutant: this.#mutant, bandwidth: (_, at) => this.#bandwidth(at) });
    this.world = world;
    this.judge = new DeletionJudge(world);
    try {
      await this.#populate();
      await this.#crashAlong();
      await this.#finish();
    } catch (error) {
      this.problems.push(`it threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    const { jobs } = await world.queue.list({ limit: 500 });
    return { seed: this.#seed, problems: [...this.problems, ...this.judge.problems], crashes: this.crashes, jobs: jobs.length, deletions: this.judge.deletions, shared: this.judge.shared, sleeps: this.sleeps, deeds: this.deeds };
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  oneOf<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  }

  async enqueue(source: string, destination: string): Promise<void> {
    this.judge.enqueued(source, destination);
    await this.world.enqueue(source, { destination, priority: this.below(3) });
  }

  write(source: string, name: string, content: string): void {
    this.judge.wrote(source, name, content);
    this.world.sealer.folders.get(source)?.write(name, content);
  }

  async #populate(): Promise<void> {
    const places = ['nas', 'disk'].slice(0, 1 + this.below(2));
    for (const name of places) this.world.place(name).transport.faults.push(...this.#faults());
    for (let index = 0; index <= this.below(2); index += 1) await this.#newSource(`/data/s${index}`, places);
    if (this.#nested) await this.#newSource('/data/s0/in', places.slice(this.below(places.length)));
  }

  async #newSource(source: string, places: readonly string[]): Promise<void> {
    this.world.folder(source, {});
    this.meant.set(source, places);
    for (let file = 0; file <= this.below(3); file += 1) this.write(source, `f${file}`, `${source.at(-1) ?? ''}${file}`.repeat(1 + this.below(3)));
    for (const destination of places) await this.enqueue(source, destination);
  }

  #faults(): readonly (PushFault | null)[] {
    const faults: readonly (PushFault | null)[] = [
      null,
      null,
      { kind: 'network', afterFiles: 1 },
      { kind: 'interrupted', afterFiles: 1 },
      { corrupt: rawPathFromText('f0') },
      { kind: 'throttled', retryAfterMs: 5_000 },
      { kind: 'unknown' },
      { kind: null },
      { stall: true },
    ];
    return Array.from({ length: this.below(4) }, () => this.oneOf(faults));
  }

  #bandwidth(at: number): { readonly bytesPerSecond: number | null; readonly until: number | null } {
    const [from, to] = this.closed;
    if (at < from) return { bytesPerSecond: null, until: from };
    return at < to ? { bytesPerSecond: 0, until: to } : { bytesPerSecond: null, until: null };
  }

  /** Lives of processes, one or two at a time, each with its own way to die. */
  async #crashAlong(): Promise<void> {
    const { clock } = this.world;
    for (let count = 1 + this.below(MAX_LIVES); count > 0; count -= 1) {
      const lives = Array.from({ length: 1 + this.below(2) }, () => this.#startLife());
      clock.after(this.below(3_000), () => void disturb(this));
      await clock.when(() => lives.every((life) => life.dead), 48 * HOUR);
      // The next one comes soon after, or when every lease has lapsed.
      await clock.pass(this.random() < 0.5 ? 100 : 120_000);
    }
  }

  #startLife(): Life {
    const { clock } = this.world;
    const death = this.random() < 0.7 ? ({ call: 1 + this.below(this.kind === 'reclaim' ? 110 : 60), moment: this.random() < 0.5 ? 'before' : 'after' } as const) : null;
    const life = new Life(death);
    life.onDeath.push(() => (this.crashes += 1));
    if (this.#sleepy) life.sleeps.push({ call: 1 + this.below(110), moment: this.oneOf(['before', 'after'] as const), fall: () => { fallAsleep(this); } });
    const freezes = this.random() < 0.15;
    if (freezes) clock.after(this.below(2_000), () => this.#freeze(life));
    // Nobody lives for ever: also the one that has nothing to do.
    clock.after(100 + this.below(this.kind === 'reclaim' ? 45_000 : 8_000) + (freezes ? 200_000 : 0), () => life.kill());
    this.#startProcess(life);
    return life;
  }

  /** A worker with its audit; and a reaper beside it. */
  #startProcess(life: Life): void {
    const failed = (error: unknown): void => void this.problems.push(`a process failed: ${String(error)}`);
    const { worker, ports } = this.world.worker({ life, policy: POLICY });
    const audits = this.kind === 'reclaim' || life.immortal || this.random() < 0.3;
    worker.run({ mode: 'forever', concurrency: 1 + this.below(3), ...(audits ? { audit: AUDIT } : {}) }).catch(failed);
    if (this.kind === 'reclaim') this.#reaper(life, ports).run(new AbortController().signal).catch(failed);
  }

  #reaper(life: Life, ports: ReturnType<World['worker']>['ports']): Reaper {
    const { files, lastCheck, freshMs = RECLAIM_RULES.freshMs } = this.#mutant;
    const own = new FakeSourceFiles({ folders: this.world.sealer.folders, life, read: async () => pause(life.clock(this.world.clock), READ_MS), onDelete: async (deletion) => this.judge.judge(deletion) });
    const { minVerifyPasses, minAgeMs, occasionMs } = RECLAIM_RULES;
    // Also between two steps of a reclaim, and in the middle of one: that is where what it was told must not be believed for ever.
    let untilSleep = this.#sleepy && !life.immortal ? 1 + this.below(16) : Number.POSITIVE_INFINITY;
    const afterStep = (): void => {
      untilSleep -= 1;
      if (untilSleep !== 0 || life.dead) return;
      if (this.below(2) === 0) fallAsleep(this);
      else this.world.clock.after(this.below(400), () => { fallAsleep(this); });
    };
    return new Reaper({
      ...ports,
      reclaim: { reclaim: 'on', when: 'always', diskFreeBelow: null, minVerifyPasses, minAgeMs, occasionMs, metadata: 'keep' },
      journals: this.#journals.through(life),
      files: life.through(files?.(own) ?? own),
      afterStep,
      timing: { sweepMs: 10_000, againMs: 10_000, freshMs, batch: 2 },
      ...(lastCheck === undefined ? {} : { lastCheck: async (jobId) => ({ kind: 'looked', job: await this.world.queue.get(jobId), outcome: await claimedProof(this.world, jobId) }) }),
    });
  }

  /** Long enough for its lease to lapse, most times. */
  #freeze(life: Life): void {
    this.world.clock.after(30_000 + this.below(120_000), life.freeze());
  }

  /** The world is quiet now: one process that lives must bring everything to its end. */
  async #finish(): Promise<void> {
    const { clock, places, queue, sealer } = this.world;
    await clock.pass(2 * MINUTE);
    for (const { destination, transport } of places.values()) {
      transport.faults.length = 0;
      Object.assign(destination, { down: null, freeBytes: Number.POSITIVE_INFINITY });
    }
    await queue.resumeAll();
    for (const name of places.keys()) await queue.resumeDestination(name);
    await queue.retryAll();
    // Nobody waits two hours here.
    for (const { id } of (await queue.list({ states: ['QUEUED'], limit: 500 })).jobs) await queue.retry(id);
    for (const source of sealer.folders.keys()) if (!this.judge.touched.has(source)) for (const destination of this.meant.get(source) ?? []) await this.enqueue(source, destination);
    this.problems.push(...(await this.#untilAllHolds()));
  }

  /** One process that lives brings everything to its end, in less than an hour; what does not hold by then never will. */
  async #untilAllHolds(): Promise<readonly string[]> {
    const life = new Life(null, 'immortal');
    this.#startProcess(life);
    let problems: readonly string[] = ['not looked at'];
    for (let look = 0; look < 100 && problems.length > 0; look += 1) {
      await this.world.clock.pass(20_000);
      problems = await problemsAtTheEnd(this);
      // What two faults in a row have failed waits for a person, as the design says.
      if (look % 20 === 10) await this.world.queue.retryAll();
    }
    life.kill();
    return problems;
  }
}

/** A last check that asks nobody. */
async function claimedProof(world: World, jobId: string): Promise<{ readonly kind: 'proven'; readonly proof: { readonly sealId: string; readonly sealDigest: string; readonly strength: 'sha256'; readonly files: number; readonly bytes: number }; readonly evidence: string }> {
  const { sealId, sealDigest } = await world.queue.get(jobId);
  return { kind: 'proven', proof: { sealId: sealId ?? '', sealDigest: sealDigest ?? '', strength: 'sha256', files: 1, bytes: 1 }, evidence: 'trust me' };
}
