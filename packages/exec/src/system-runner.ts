import type { Command, DetachedCommand } from './command.ts';
import { startDetached } from './detached.ts';
import { loadExeca, startWithExeca } from './execa-process.ts';
import { withoutPipes } from './command-pipes.ts';
import { neverStarted } from './never-started.ts';
import type { NotFound, Outcome, SpawnFailed } from './outcome.ts';
import type { DetachedStart, ProcessRunner, RunningProcess } from './process-runner.ts';
import { SupervisedProcess } from './supervised-process.ts';

class SystemRunner implements ProcessRunner {
  async run(command: Command): Promise<Outcome> {
    return (await this.spawn(withoutPipes(command))).outcome;
  }

  async spawn(command: Command): Promise<RunningProcess> {
    const startedAt = performance.now();
    if (isAborted(command)) return neverStarted(command, startedAt, { kind: 'cancelled' });
    const execa = await loadExeca();
    // Asked again: the caller may have given up while execa was loaded.
    if (isAborted(command)) return neverStarted(command, startedAt, { kind: 'cancelled' });
    const started = startWithExeca(execa, command);
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
export function systemRunner(): ProcessRunner {
  return new SystemRunner();
}
