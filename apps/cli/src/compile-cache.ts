import { mkdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Keeps compiled code in the state directory, which takes a third off every start-up. Only where that folder is there and ours:
 * code that is read back is run, so it must lie where nobody else can write, unlike Node's own choice below /tmp.
 */
export function useCompileCache(env: Readonly<Record<string, string | undefined>>): void {
  // Somebody chose a place of their own, or none: Node has seen to it.
  if ((env['NODE_COMPILE_CACHE'] ?? env['NODE_DISABLE_COMPILE_CACHE'] ?? '') !== '') return;
  try {
    const stateDir = stateDirectory(env);
    const stat = statSync(stateDir, { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) return;
    const folder = path.join(stateDir, 'cache');
    // Node would make it as the umask has it, open to a group.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    module.enableCompileCache(folder);
  } catch {
    // Without it everything works as well, a little later.
  }
}

/** As @longhaul/config resolves it; loading that would cost what is to be saved. */
function stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const own = env['LONGHAUL_STATE_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_STATE_HOME'];
  return path.join(xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(homedir(), '.local', 'state'), 'longhaul');
}
