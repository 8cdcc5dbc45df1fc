import { rawPathFromText } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import type { Deletion } from './fake-reclaim.ts';
import { sha256 } from './fake-source.ts';
import type { World } from './world.ts';

/** What a reaper of the simulation must have before a byte goes. */
export const RECLAIM_RULES = { minVerifyPasses: 2, minAgeMs: 10_000, occasionMs: 1_000, freshMs: 60_000 } as const;

/**
 * Holds every deletion against the world as it is, not against what anybody has written down: each destination that the source was ever
 * enqueued for holds that very content under its final name at this moment, and the queue has proofs of it, enough and fresh.
 */
export class DeletionJudge {
  /** Sources of which something was deleted. */
  readonly touched: Set<string> = new Set<string>();
  readonly problems: string[] = [];
  deletions = 0;
  readonly #world: World;
  readonly #meant = new Map<string, Set<string>>();
  /** The last content of every file that a person or a program has written: none of it may be lost. */
  readonly #written = new Map<string, Map<RawPath, string>>();

  constructor(world: World) {
    this.#world = world;
  }

  enqueued(source: string, destination: string): void {
    const meant = this.#meant.get(source) ?? new Set<string>();
    meant.add(destination);
    this.#meant.set(source, meant);
  }

  wrote(source: string, name: string, content: string): void {
    const files = this.#written.get(source) ?? new Map<RawPath, string>();
    files.set(rawPathFromText(name), content);
    this.#written.set(source, files);
  }

  /** Called before the file goes. */
  async judge({ seal, path, content }: Deletion): Promise<void> {
    const source = seal.source.root;
    this.deletions += 1;
    this.touched.add(source);
    const what = `${source}/${path}`;
    const sealed = seal.entries.find((entry) => entry.path === path);
    if (sealed?.type !== 'file' || sealed.sha256 !== sha256(content)) this.problems.push(`${what} was deleted, and is not what was sealed`);
    const meant = this.#meant.get(source) ?? new Set<string>();
    if (meant.size === 0) this.problems.push(`${what} was deleted, and was meant for nowhere`);
    for (const destination of meant) {
      if (this.#at(source, destination, path) !== content) this.problems.push(`${what} was deleted, and ${destination} does not hold it`);
      await this.#judgeProofs({ what, source, destination, digest: seal.digest });
    }
  }

  /** What was written last lies in the source still, or at every destination that it was meant for. */
  losses(): readonly string[] {
    return [...this.#written].flatMap(([source, files]) =>
      [...files].flatMap(([path, content]) => {
        if (this.#world.sealer.folders.get(source)?.files.get(path)?.content === content) return [];
        const missing = [...(this.#meant.get(source) ?? [])].filter((destination) => this.#at(source, destination, path) !== content);
        return missing.length === 0 && this.touched.has(source) ? [] : [`${source}/${path} is lost: not in the source, not at ${missing.join(', ')}`];
      }),
    );
  }

  async #judgeProofs({ what, source, destination, digest }: { readonly what: string; readonly source: string; readonly destination: string; readonly digest: string }): Promise<void> {
    const { jobs } = await this.#world.store.list({ source, destination, states: ['CLEANUP_ELIGIBLE'], limit: 1 });
    const proofs = jobs[0] === undefined ? [] : (await this.#world.store.proofs(jobs[0].id)).filter(({ voidedAt, sealDigest, strength }) => voidedAt === null && sealDigest === digest && strength !== 'size');
    const times = proofs.map(({ at }) => Date.parse(at));
    const occasions = times.filter((time, index) => index === 0 || time - (times[index - 1] ?? 0) >= RECLAIM_RULES.occasionMs).length;
    if (occasions < RECLAIM_RULES.minVerifyPasses) this.problems.push(`${what} was deleted on ${occasions} proofs of ${destination}`);
    const age = this.#world.clock.now() - Math.max(0, ...times);
    if (age > RECLAIM_RULES.freshMs + 1_000) this.problems.push(`${what} was deleted on a proof of ${destination} that was ${age} ms old`);
  }

  #at(source: string, destination: string, path: RawPath): string | undefined {
    const name = rawPathFromText(source.split('/').at(-1) ?? '');
    return this.#world.place(destination).destination.finals.get(name)?.tree.get(path);
  }
}
