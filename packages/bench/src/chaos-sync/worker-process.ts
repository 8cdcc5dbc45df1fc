import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A worker in a process of its own. */
export interface Worker {
  readonly process: ChildProcess;
  /** It has told of such an event, or has ended without. */
  saw(event: string): Promise<void>;
  readonly ended: Promise<void>;
}

export interface WorkerOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
}

/** `longhaul sync work` as a person starts it. */
export function startWorker([command = '', ...args]: readonly string[], { cwd, env, args: more = [] }: WorkerOptions): Worker {
  const child = spawn(command, [...args, 'sync', 'work', '--json', ...more], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const told = new Set<string>();
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of waiting) look();
  };
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      told.add('ended');
      tell();
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    told.add(/"type":"(\w+)"/.exec(line)?.[1] ?? '');
    tell();
  });
  const saw = async (event: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (told.has(event) || told.has('ended')) resolve();
      };
      waiting.add(look);
      look();
    });
  return { process: child, saw, ended };
}
