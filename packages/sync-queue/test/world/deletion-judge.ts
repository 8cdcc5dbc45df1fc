import type { JobState } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import type { Deletion } from './fake-reclaim.ts';
import { sha256 } from './fake-source.ts';
import type { World } from './world.ts';

/** What a reaper of the simulation must have before a byte goes. */
export const RECLAIM_RULES = { minVerifyPasses: 2, minAgeMs: 10_000, occasionMs: 1_000, freshMs: 60_000 } as const;

/** A file as one source has it. */
interface Held {
  readonly source: string;
  readonly path: RawPath;
}

/** One place at which a file must be when it goes. */
interface Judged {
  readonly what: string;
  readonly held: Held;
  readonly destination: string;
  readonly content: string;
  /** Of the seal that must be proven there. */
  readonly digest: string;
  /** Of the job whose proofs count. */
  readonly states: readonly JobState[];
}

/**
 * Holds every deletion against the world as it is, not against what anybody has written down: each destination that the source was ever
 * enqueued for holds that very content under its final name at this moment, and the queue has proofs of it, enough and fresh. The same holds for
 * every other source that the file belongs to.
 */
export class DeletionJudge {
  /** Sources of which something was deleted, whichever of them was freed. */
  readonly touched: Set<string> = new Set<string>();
  readonly problems: string[] = [];
  deletions = 0;
  /** Deletions of what more than one source has. */
  shared = 0;
  readonly #world: World;
  readonly #meant = new Map<string, Set<string>>();
  /** The last content of every file that a person or a program has written: none of it may be lost. By whole path. */
  readonly #written = new Map<string, string>();
  /** What was deleted, and as a part of which source. By whole path. */
  readonly #deleted = new Map<string, Held>();

  constructor(world: World) {
    this.#world = world;
  }

  enqueued(source: string, destination: string): void {
    const meant = this.#meant.get(source) ?? new Set<string>();
    meant.add(destination);
    this.#meant.set(source, meant);
  }

  wrote(source: string, name: string, content: string): void {
    this.#written.set(`${source}/${name}`, content);
  }

  /** Called before the file goes. */
  async judge({ seal, path, content }: Deletion): Promise<void> {
    const source = seal.source.root;
    const what = `${source}/${path}`;
    const others = this.#holdersOf(what).filter((other) => other.source !== source);
    this.deletions += 1;
    if (others.length > 0) this.shared += 1;
    this.#deleted.set(what, { source, path });
    for (const { source: holder } of [{ source }, ...others]) this.touched.add(holder);
    const sealed = seal.entries.find((entry) => entry.path === path);
    if (sealed?.type !== 'file' || sealed.sha256 !== sha256(content)) this.problems.push(`${what} was deleted, and is not what was sealed`);
    if (!this.#meant.has(source)) this.problems.push(`${what} was deleted, and was meant for nowhere`);
    for (const destination of this.#meant.get(source) ?? []) await this.#judgePlace({ what, held: { source, path }, destination, content, digest: seal.digest, states: ['CLEANUP_ELIGIBLE'] });
    for (const held of others) await this.#judgeOther({ what, held, content });
  }

  /** What was written last lies in the source still, or at every destination that the source was meant for that was freed. */
  losses(): readonly string[] {
    return [...this.#written].flatMap(([what, content]) => {
      if (this.#holdersOf(what).some(({ source, path }) => this.#world.sealer.folders.get(source)?.files.get(path)?.content === content)) return [];
      const held = this.#deleted.get(what);
      const missing = held === undefined ? [] : [...(this.#meant.get(held.source) ?? [])].filter((destination) => this.#at(held, destination) !== content);
      return held !== undefined && missing.length === 0 ? [] : [`${what} is lost: not in the source, not at ${missing.join(', ')}`];
    });
  }

  /** A source around the one that is freed, or in it: its destinations are asked as well, but where it was freed itself. */
  async #judgeOther({ what, held, content }: { readonly what: string; readonly held: Held; readonly content: string }): Promise<void> {
    for (const destination of this.#meant.get(held.source) ?? []) {
      const { jobs } = await this.#world.store.list({ source: held.source, destination, limit: 500 });
      if (jobs[0]?.state === 'CLEANED') continue;
      const proven = jobs.find(({ state }) => state === 'VERIFIED' || state === 'CLEANUP_ELIGIBLE');
      await this.#judgePlace({ what, held, destination, content, digest: proven?.sealDigest ?? 'nothing', states: ['VERIFIED', 'CLEANUP_ELIGIBLE'] });
    }
  }

  async #judgePlace({ what, held, destination, content, digest, states }: Judged): Promise<void> {
    const place = `${destination} (${held.source})`;
    if (this.#at(held, destination) !== content) this.problems.push(`${what} was deleted, and ${place} does not hold it`);
    const { jobs } = await this.#world.store.list({ source: held.source, destination, states, limit: 1 });
    const proofs = jobs[0] === undefined ? [] : (await this.#world.store.proofs(jobs[0].id)).filter(({ voidedAt, sealDigest, strength }) => voidedAt === null && sealDigest === digest && strength !== 'size');
    const times = proofs.map(({ at }) => Date.parse(at));
    const occasions = times.filter((time, index) => index === 0 || time - (times[index - 1] ?? 0) >= RECLAIM_RULES.occasionMs).length;
    if (occasions < RECLAIM_RULES.minVerifyPasses) this.problems.push(`${what} was deleted on ${occasions} proofs of ${place}`);
    const age = this.#world.clock.now() - Math.max(0, ...times);
    if (age > RECLAIM_RULES.freshMs + 1_000) this.problems.push(`${what} was deleted on a proof of ${place} that was ${age} ms old`);
  }

  #holdersOf(what: string): readonly Held[] {
    return [...this.#world.sealer.folders.keys()].filter((source) => what.startsWith(`${source}/`)).map((source) => ({ source, path: rawPathFromText(what.slice(source.length + 1)) }));
  }

  #at({ source, path }: Held, destination: string): string | undefined {
    const name = rawPathFromText(source.split('/').at(-1) ?? '');
    return this.#world.place(destination).destination.finals.get(name)?.tree.get(path);
  }
}
