import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd, tempDir, type ProgramResult, type TestDockerd, type TestEngine } from '@longhaul/testbed';
import { PROGRAM } from '../workspace.ts';

/** One run as `history --json` tells it. */
export interface RunLine {
  readonly name: string;
  readonly runId: string;
  readonly backend: 'tmux' | 'container';
  readonly state: string;
  readonly exitCode: number | null;
  readonly reason: string | null;
  readonly command: readonly string[];
  readonly createdAt: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** A time without dockerd, milliseconds since 1970. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

/** Which engines take part. */
export interface Engines {
  readonly podman?: TestEngine | undefined;
  readonly docker?: TestDockerd | undefined;
}

/** A state directory, a tmux socket and a folder of truths of its own, and the built program on them. */
export class ChaosWorld implements AsyncDisposable {
  readonly folder: string;
  readonly stateDir: string;
  readonly truths: string;
  readonly socket: string;
  readonly env: NodeJS.ProcessEnv;
  readonly engines: Engines;
  readonly outages: Outage[] = [];
  readonly #dispose: () => Promise<void>;
  #isKept = false;

  constructor(folder: string, engines: Engines, dispose: () => Promise<void>) {
    this.folder = folder;
    this.stateDir = join(folder, 'state');
    this.truths = join(folder, 'truths');
    this.socket = join(folder, 'tmux.sock');
    this.engines = engines;
    this.#dispose = dispose;
    mkdirSync(this.truths);
    this.env = { ...process.env, ...engines.podman?.env, ...engines.docker?.env, LONGHAUL_STATE_DIR: this.stateDir, LONGHAUL_TMUX_SOCKET: this.socket };
  }

  static async open(engines: Engines): Promise<ChaosWorld> {
    const folder = await tempDir('longhaul-chaos-');
    return new ChaosWorld(folder.path, engines, async () => {
      await folder[Symbol.asyncDispose]();
    });
  }

  /** What `--runtime` can be here. */
  get runtimes(): readonly ('podman' | 'docker')[] {
    return (['podman', 'docker'] as const).filter((name) => this.engines[name] !== undefined);
  }

  /** argv of the program itself. */
  argv(args: readonly string[]): readonly string[] {
    return [PROGRAM, ...args];
  }

  async longhaul(args: readonly string[]): Promise<ProgramResult> {
    return runToEnd(process.execPath, this.argv(args), { cwd: this.folder, env: this.env });
  }

  /** Every run there was. */
  async runs(): Promise<readonly RunLine[]> {
    const { code, stdout, stderr } = await this.longhaul(['history', '-n', '0', '--json']);
    if (code !== 0) throw new Error(`history ended with ${String(code)}: ${stderr.toString()}`);
    return (JSON.parse(stdout.toString()) as { readonly data: { readonly runs: readonly RunLine[] } }).data.runs;
  }

  /** Leaves the folder to whoever looks into it; gives its path. */
  keep(): string {
    this.#isKept = true;
    return this.folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runToEnd('tmux', ['-S', this.socket, 'kill-server']);
    if (!this.#isKept) await this.#dispose();
  }
}
