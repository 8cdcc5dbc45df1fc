import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { ProcessIdentity } from '@longhaul/exec';
import { currentProcess, isAlive } from '@longhaul/exec';

import { createFile, replaceFile } from '../atomic-file.ts';

/** Who holds a lock, as far as it can be told. `unknown`: a process that cannot be looked at; it counts as alive. */
export type LockState = { readonly kind: 'free' } | { readonly kind: 'held'; readonly owner: ProcessIdentity };

/**
 * A lock that belongs to one process, by pid, start time and boot (design §6): a dead owner frees it, a pid that was given
 * to another program does not hold it.
 *
 * Each holder makes a file with the next number; the highest counts, and it is never deleted, so that a process that slept
 * between looking and creating cannot come by a number that was used before. Older files are removed.
 */
export class OwnerLock {
  readonly #folder: string;
  readonly #self: ProcessIdentity;
  #mine: number | null = null;

  constructor(folder: string, self: ProcessIdentity = currentProcess()) {
    this.#folder = folder;
    this.#self = self;
  }

  /** Who holds it now. */
  state(): LockState {
    const top = this.#top();
    const owner = top === 0 ? null : this.#owner(top);
    return owner !== null && isAlive(owner) !== 'dead' ? { kind: 'held', owner } : { kind: 'free' };
  }

  /** Takes the lock if nobody alive holds it. */
  tryAcquire(): 'acquired' | 'held' {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (;;) {
      if (this.state().kind === 'held') return 'held';
      const mine = this.#top() + 1;
      if (createFile(this.#file(mine), JSON.stringify(this.#self)) === 'exists') continue;
      if (this.#top() === mine) {
        this.#mine = mine;
        this.#removeBelow(mine);
        return 'acquired';
      }
      // We slept: others came and went, and ours is an old number.
      rmSync(this.#file(mine), { force: true });
    }
  }

  /** Gives it back. Harmless without it. */
  release(): void {
    if (this.#mine === null) return;
    replaceFile(this.#file(this.#mine), 'null');
    this.#mine = null;
  }

  #top(): number {
    return Math.max(0, ...this.#numbers());
  }

  #numbers(): readonly number[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => /^\d+$/.test(name))
        .map(Number);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #owner(number: number): ProcessIdentity | null {
    try {
      return parseOwner(readFileSync(this.#file(number), 'utf8'));
    } catch (error) {
      // Removed since: a higher number has come.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.#top() > number ? this.#owner(this.#top()) : null;
      throw error;
    }
  }

  #removeBelow(number: number): void {
    for (const old of this.#numbers()) if (old < number) rmSync(this.#file(old), { force: true });
  }

  #file(number: number): string {
    return path.join(this.#folder, String(number));
  }
}

/** The file is written whole or not at all, so that anything else in it is a disk's damage: nobody's lock. */
function parseOwner(text: string): ProcessIdentity | null {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity> | null;
    if (value === null) return null;
    const { host, bootId, pid, startTime } = value;
    return typeof host === 'string' && typeof bootId === 'string' && typeof pid === 'number' && typeof startTime === 'string' ? { host, bootId, pid, startTime } : null;
  } catch {
    return null;
  }
}
