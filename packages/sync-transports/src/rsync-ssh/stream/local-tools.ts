import type { ProcessRunner } from '@longhaul/exec';
import { succeeded } from '@longhaul/exec';
import type { LocalGroup } from './streamable.ts';

const TIMEOUT_MS = 10_000;

/** What a stream needs of this machine, as it is during one push. */
export class LocalTools {
  readonly #runner: ProcessRunner;
  #areThere: Promise<boolean> | null = null;

  constructor(runner: ProcessRunner) {
    this.#runner = runner;
  }

  /** Whether `tar` is GNU's, and `rsync` is there for the next generation: what starts with one must not fail for want of the other. Asked once. */
  async areThere(): Promise<boolean> {
    return (this.#areThere ??= this.#look());
  }

  /** The groups of these numbers; null where nobody tells (`getent` is missing). */
  async groups(ids: readonly number[]): Promise<readonly LocalGroup[] | null> {
    const outcome = await this.#run('getent', ['group', ...ids.map(String)]);
    // 2: some of them have no name.
    if (outcome.kind !== 'exited' || ![0, 2].includes(outcome.exitCode)) return null;
    const names = new Map(outcome.stdout.text.split('\n').map((line) => line.split(':')).map(([name = '', , id = '']) => [id, name]));
    return ids.map((id) => ({ id, name: names.get(String(id)) ?? null }));
  }

  async #look(): Promise<boolean> {
    const [tar, rsync] = await Promise.all([this.#run('tar', ['--version']), this.#run('rsync', ['--version'])]);
    return succeeded(tar) && succeeded(rsync) && tar.stdout.text.includes('GNU tar');
  }

  #run(program: string, args: readonly string[]): ReturnType<ProcessRunner['run']> {
    return this.#runner.run({ program, args, env: { set: { LC_ALL: 'C' } }, timeoutMs: TIMEOUT_MS });
  }
}
