import { withoutPipes } from './command-pipes.ts';
import type { Command, DetachedCommand } from './command.ts';
import { startDetached } from './detached.ts';
import { loadExeca, startWithExeca } from './execa-process.ts';
import { neverStarted } from './never-started.ts';
import { startWithNode } from './node-process.ts';
import type { NotFound, Outcome, SpawnFailed } from './outcome.ts';
import type { DetachedStart, ProcessRunner, RunningProcess } from './process-runner.ts';
import type { RawFailure, RawProcess } from './raw-process.ts';
import { SupervisedProcess } from './supervised-process.ts';

/** How programs are started; everything after that is the same. */
export interface SystemRunnerOptions {
  /**
   * `execa` (default), or `node`: Node's own spawn, for a command line that starts, runs one program and ends. Loading execa
   * at the first run costs 17 ms (Node 24.21, two cores), which is a third of what `longhaul start` has in all (design §4.2).
   */
  readonly engine?: 'execa' | 'node' | undefined;
}

type Start = (command: Command) => RawProcess | RawFailure | Promise<RawFailure>;

const ENGINES: Readonly<Record<'execa' | 'node', () => Promise<Start>>> = {
  execa: async () => {
    const execa = await loadExeca();
    return (command) => startWithExeca(execa, command);
  },
  node: () => Promise.resolve(startWithNode),
};

class SystemRunner implements ProcessRunner {
  readonly #open: () => Promise<Start>;

  constructor(engine: 'execa' | 'node') {
    this.#open = ENGINES[engine];
  }

  async run(command: Command): Promise<Outcome> {
    return (await this.spawn(withoutPipes(command))).outcome;
  }

  async spawn(command: Command): Promise<RunningProcess> {
    const startedAt = performance.now();
    if (isAborted(command)) return neverStarted(command, startedAt, { kind: 'cancelled' });
    const start = await this.#open();
    // Asked again: the caller may have given up while execa was loaded.
    if (isAborted(command)) return neverStarted(command, startedAt, { kind: 'cancelled' });
    const started = start(command);
    return 'pid' in started ? new SupervisedProcess(started, command, startedAt) : neverStarted(command, startedAt, await started);
  }

  detach(command: DetachedCommand): Promise<DetachedStart | NotFound | SpawnFailed> {
    return startDetached(command);
  }
}

function isAborted({ signal }: Command): boolean {
  return signal?.aborted === true;
}

/** Runs programs of this machine. Holds no state: any number may exist side by side. */
export function systemRunner({ engine = 'execa' }: SystemRunnerOptions = {}): ProcessRunner {
  return new SystemRunner(engine);
}
