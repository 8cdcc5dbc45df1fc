import path from 'node:path';

import type { TmuxSocket } from '@longhaul/backend-tmux';
import { TmuxBackend } from '@longhaul/backend-tmux';
import type { LoadedConfig } from '@longhaul/config';
import { ensureStateDir, loadConfig, resolveStateDir } from '@longhaul/config';
import { systemRunner } from '@longhaul/exec';
import { RunStore, SessionManager, writeLaunchFiles } from '@longhaul/sessions';

import { ContainerSessions } from './container-sessions.ts';
import { definedSessions } from './defined-sessions.ts';
import type { HostOptions } from './host-options.ts';
import { Host } from './host.ts';
import { socketOf } from './tmux-socket-setting.ts';

/**
 * Opens what one machine does (design §6): reads the configuration, finds the state directory (0700), and puts the sessions on
 * top of their backends. No program is started and no database opened.
 *
 * @throws ConfigError with file, line, column and the fix
 */
export async function openHost({ cwd = process.cwd(), env = process.env, configFile, stateDir: given, flags = {}, settingsCache, program, runner, onProgress }: HostOptions): Promise<Host> {
  const config = await loadConfig({ cwd, env, file: configFile, flags, cache: settingsCache });
  const readConfig = async (): Promise<LoadedConfig> => await loadConfig({ cwd, env, file: configFile, flags, cache: settingsCache });
  const stateDir = given ?? resolveStateDir(env);
  ensureStateDir(stateDir);
  const holdLogs = program === null ? undefined : [...program, 'hold-logs', '--state-dir', stateDir];
  const runs = new RunStore({ stateDir, writeLaunchFiles: (spec, run) => writeLaunchFiles(spec, run, { holdLogs }) });
  // A command about sessions starts one program and ends: to load execa for that would cost it 20 ms of the 50 it may have.
  const light = runner ?? systemRunner({ engine: 'node' });
  const tmux = new TmuxBackend({ runs, ...serverOf(config.config.tmux.socket), runner: light, env });
  const containers = new ContainerSessions({ runs, runner: light, env, onProgress });
  const sessions = new SessionManager({ stateDir, backends: [tmux, containers], runs, defined: () => definedSessions(host.config.config) });
  const host: Host = new Host({ config, readConfig, stateDir, cwd, env, program, runner: runner ?? systemRunner(), sessions });
  return host;
}

/** A named socket is a server of ours; `default`, or one that is given by its path, is somebody's: none of its options are touched. */
function serverOf(socket: string): { readonly socket: TmuxSocket; readonly server: 'longhaul' | 'shared' } {
  return { socket: socketOf(socket), server: path.isAbsolute(socket) || socket === 'default' ? 'shared' : 'longhaul' };
}
