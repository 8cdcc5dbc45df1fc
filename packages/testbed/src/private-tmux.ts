import { runProgram, runToEnd } from './run-program.ts';
import { tempDir } from './temp-dir.ts';

export interface PrivateTmux extends AsyncDisposable {
  /** For `tmux -S`. */
  readonly socketPath: string;
  /** For `tmux -L`, together with `tmpdir` as TMUX_TMPDIR. */
  readonly socketName: string;
  readonly tmpdir: string;
  /** Runs tmux against this socket; must succeed. */
  tmux(...args: readonly string[]): Promise<string>;
}

/** A tmux of the test's own: own socket in an own folder, no configuration; the server is killed when it is disposed. */
export async function withPrivateTmux(socketName = 'test'): Promise<PrivateTmux> {
  const dir = await tempDir('longhaul-tmux-');
  const uid = String(process.getuid?.() ?? 0);
  const socketPath = dir.join(`tmux-${uid}`, socketName);
  const env = { ...process.env, TMUX_TMPDIR: dir.path, TMUX: undefined };
  const base = ['-f', '/dev/null', '-L', socketName];
  return {
    socketPath,
    socketName,
    tmpdir: dir.path,
    tmux: async (...args) => (await runProgram('tmux', [...base, ...args], { env })).stdout,
    [Symbol.asyncDispose]: async () => {
      // Fails where no server runs, and that is as good.
      await runToEnd('tmux', [...base, 'kill-server'], { env });
      await dir[Symbol.asyncDispose]();
    },
  };
}
