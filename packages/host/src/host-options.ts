import type { Environment, LoadOptions } from '@longhaul/config';
import type { ProcessRunner } from '@longhaul/exec';

/** How {@link openHost} opens a machine; everything but `program` defaults to this process. */
export interface HostOptions {
  readonly cwd?: string;
  readonly env?: Environment;
  /** `--config FILE`. */
  readonly configFile?: string | undefined;
  /** Absolute; takes the place of `$LONGHAUL_STATE_DIR`. */
  readonly stateDir?: string | undefined;
  /** Settings of a command line, by path: `{ 'tmux.socket': 'other' }`. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** Where what was read of the settings is kept for the next call; absent: nowhere. */
  readonly settingsCache?: LoadOptions['cache'];
  /**
   * argv that runs the command line (`[node, main.js]`): the launcher's hook and the detached worker are calls of it. null: this
   * program is no command line; outputs then wait for one, or for a server.
   */
  readonly program: readonly string[] | null;
  readonly runner?: ProcessRunner;
  /** Lines of the progress of an image that is fetched. */
  readonly onProgress?: ((line: string) => void) | undefined;
}
