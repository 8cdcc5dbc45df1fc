import type { TransportErrorKind } from '@longhaul/errors';
import type { RawPath, Receipt, Seal } from '@longhaul/sync-transports';

/** A tree: path to content. */
export type Tree = Map<RawPath, string>;

export interface PublishedResult {
  readonly tree: Tree;
  readonly receipt: Receipt | null;
}

interface Staging {
  epoch: number;
  tree: Tree | null;
}

/** A program on the worker's machine that pushes, and goes on when the worker dies. */
export interface Pusher {
  readonly pid: number;
  readonly startTime: string;
  readonly jobId: string;
  ended: boolean;
}

/** What lies at a destination, shared by all transports to it; and what went wrong there, for the tests to see. */
export class FakeDestination {
  readonly finals: Map<RawPath, PublishedResult> = new Map<RawPath, PublishedResult>();
  readonly staging: Map<string, Staging> = new Map<string, Staging>();
  readonly pushers: Set<Pusher> = new Set<Pusher>();
  /** Everything that must never happen. */
  readonly violations: string[] = [];
  /** Each reveal of a tree under its final name. */
  readonly reveals: { readonly jobId: string; readonly sealId: string; readonly finalName: RawPath }[] = [];
  /** Set: nothing answers, for this reason. */
  down: TransportErrorKind | null = null;
  /** How many bytes it can take. */
  freeBytes: number = Number.POSITIVE_INFINITY;
  bytesReceived = 0;
  /** Something there was damaged once. */
  rotted = false;
  /** While another host publishes there. */
  lockedBy: string | null = null;
  #pids: number;

  /** No two destinations of a world give away the same pid. */
  constructor({ pidsFrom = 1_000 }: { readonly pidsFrom?: number } = {}) {
    this.#pids = pidsFrom;
  }

  /** Claim of a staging folder: a lower epoch may touch nothing any more. */
  claim(jobId: string, epoch: number): Staging | null {
    const staging = this.staging.get(jobId) ?? { epoch, tree: null };
    if (staging.epoch > epoch) return null;
    staging.epoch = epoch;
    this.staging.set(jobId, staging);
    return staging;
  }

  startPusher(jobId: string): Pusher {
    const pid = (this.#pids += 1);
    const pusher = { pid, startTime: `t${pid}`, jobId, ended: false };
    const rivals = [...this.pushers].filter((other) => other.jobId === jobId && !other.ended);
    if (rivals.length > 0) this.violations.push(`two programs push job ${jobId} at once`);
    this.pushers.add(pusher);
    return pusher;
  }

  endPusher(pid: number): void {
    for (const pusher of this.pushers) if (pusher.pid === pid) pusher.ended = true;
  }

  /** The rename: one step, the whole tree or nothing. */
  reveal({ jobId, seal, finalName, receipt }: { readonly jobId: string; readonly seal: Seal; readonly finalName: RawPath; readonly receipt: Receipt }): void {
    const staging = this.staging.get(jobId);
    const tree = staging?.tree ?? null;
    if (staging === undefined || tree === null) {
      this.violations.push(`job ${jobId} published nothing`);
      return;
    }
    this.finals.set(finalName, { tree, receipt });
    staging.tree = null;
    this.reveals.push({ jobId, sealId: seal.id, finalName });
  }
}
