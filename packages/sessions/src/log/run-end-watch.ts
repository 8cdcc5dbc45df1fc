import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import { observeRun } from '../run-observation.ts';
import { mayLive } from '../run-verdict.ts';
import type { World } from '../world.ts';

/** How a run stands towards its end, for those who wait for it. */
export type EndState =
  | 'going on'
  /** Its launcher is gone without exit.json: what the shell inside still writes may come within a moment. */
  | 'abandoned'
  /** exit.json is there; it is written when the log is complete. */
  | 'complete';

/** Looking at processes costs more than looking for a file, so it is done at most this often. */
const LOOK_MS = 500;

/** Watches for the end of a run, at the price of one look for a file each time. */
export class RunEndWatch {
  readonly #run: RunDirectory;
  readonly #world: () => World;
  #lookedAt: number = -Infinity;
  #state: EndState = 'going on';
  #wasThere: boolean = false;

  constructor(run: RunDirectory, world: () => World) {
    this.#run = run;
    this.#world = world;
  }

  state(): EndState {
    if (existsSync(join(this.#run.path, RUN_FILES.exit)) || this.#isGone()) return 'complete';
    if (performance.now() - this.#lookedAt < LOOK_MS) return this.#state;
    const { verdict } = observeRun(this.#run, { world: this.#world() });
    this.#lookedAt = performance.now();
    this.#state = mayLive(verdict) ? 'going on' : 'abandoned';
    return this.#state;
  }

  /** Retention drops what has ended. A folder that was never there is being made. */
  #isGone(): boolean {
    const isThere = existsSync(this.#run.path);
    this.#wasThere ||= isThere;
    return this.#wasThere && !isThere;
  }
}
