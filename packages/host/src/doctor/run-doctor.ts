import { userInfo } from 'node:os';
import path from 'node:path';

import { socketPath } from '@longhaul/backend-tmux';
import type { Config, Environment } from '@longhaul/config';
import { loadConfig, resolveStateDir } from '@longhaul/config';
import type { InstallPlatform } from '@longhaul/errors';
import { currentPlatform, isLonghaulError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';

import { socketOf } from '../tmux-socket-setting.ts';
import { diskRow, readDisks } from './destinations.ts';
import type { DoctorRow } from './doctor-row.ts';
import { fine, problem } from './doctor-row.ts';
import { cgroupRow, engineRows, logLimitRow, rootlessRow } from './engines.ts';
import { hookRow, limitRows, localeRow } from './environment.ts';
import { logoutRows } from './logout.ts';
import type { Machine } from './machine.ts';
import { nodeRow, scriptRow, syncProgramRow, tmuxRow } from './programs.ts';
import { readCgroups, readDockerLogs, readEngine, readRootless } from './read-engines.ts';
import { readHook, readLimits } from './read-environment.ts';
import { readLogout } from './read-logout.ts';
import { readProgram, readScript } from './read-programs.ts';
import { readServers } from './read-sockets.ts';
import { readStateFolder } from './read-state-folder.ts';
import { serversRow, socketPathRow } from './sockets.ts';
import { stateFolderRows } from './state-folder.ts';

/** What {@link runDoctor} looks at; everything but `program` defaults to this process and this machine. */
export interface DoctorOptions {
  readonly cwd?: string;
  readonly env?: Environment;
  readonly configFile?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** As of `openHost`. */
  readonly program: readonly string[] | null;
  readonly runner?: ProcessRunner;
}

/** Everything that keeps sessions from working, or from being found again, on this machine; each row with its fix. Changes nothing, and throws for nothing that it finds. */
export async function runDoctor({ cwd = process.cwd(), env = process.env, configFile, stateDir, flags = {}, program, runner = systemRunner() }: DoctorOptions): Promise<readonly DoctorRow[]> {
  const machine: Machine = { runner, env, root: '/', platform: process.platform, uid: process.getuid?.() ?? -1, user: userName(env) };
  const platform = currentPlatform();
  const { config, row } = await readConfig({ cwd, env, file: configFile, flags });
  const [sessions, engines, logout, sync] = await Promise.all([sessionRows(machine, platform), containerRows(machine, config, platform), readLogout(machine), syncRows(machine, config, platform)]);
  return [
    row,
    ...sessions,
    ...engines,
    ...logoutRows(logout, machine),
    localeRow(env, machine.platform),
    ...placeRows(machine, config, { stateDir }),
    ...limitRows(await readLimits(machine)),
    serversRow(await readServers(env)),
    hookRow(readHook(program)),
    ...sync,
  ];
}

interface ReadConfig {
  /** null where it cannot be read: the rest is looked at all the same. */
  readonly config: Config | null;
  readonly row: DoctorRow;
}

async function readConfig(options: Parameters<typeof loadConfig>[0]): Promise<ReadConfig> {
  try {
    const { config, warnings } = await loadConfig(options);
    const [first] = warnings;
    return { config, row: first === undefined ? fine('configuration', 'it can be read') : { check: 'configuration', state: 'warning', found: warnings.join('. '), fix: 'longhaul config check' } };
  } catch (error) {
    if (!isLonghaulError(error)) throw error;
    return { config: null, row: problem('configuration', error.message, error.hint) };
  }
}

async function sessionRows(machine: Machine, platform: InstallPlatform): Promise<readonly DoctorRow[]> {
  const [tmux, script] = await Promise.all([readProgram(machine, 'tmux', ['-V']), readScript(machine)]);
  return [nodeRow(process.version, process.execPath), tmuxRow(tmux, platform), scriptRow(script, machine.platform, platform)];
}

async function containerRows(machine: Machine, config: Config | null, platform: InstallPlatform): Promise<readonly DoctorRow[]> {
  const needed = [...(config?.sessions.values() ?? [])].some(({ backend }) => backend === 'container');
  const [podman, docker] = await Promise.all([readEngine(machine, 'podman'), readEngine(machine, 'docker')]);
  const more = [rootlessRow(readRootless(machine), { user: machine.user, platform }), cgroupRow(readCgroups(machine)), logLimitRow(readDockerLogs(machine))];
  return [...engineRows({ podman, docker, needed }, { user: machine.user, platform }), ...more.filter((row) => row !== null)];
}

function placeRows({ env, platform, uid }: Machine, config: Config | null, { stateDir }: { readonly stateDir: string | undefined }): readonly DoctorRow[] {
  const tmux = config === null ? [] : [socketPathRow({ what: 'tmux', path: socketPath(socketOf(config.tmux.socket), env) }, platform)];
  let folder: string;
  try {
    folder = stateDir ?? resolveStateDir(env);
  } catch (error) {
    if (!isLonghaulError(error)) throw error;
    return [...tmux, problem('state-directory', error.message, error.hint)];
  }
  return [...tmux, socketPathRow({ what: 'server', path: path.join(folder, 'server', 'longhaul.sock') }, platform), ...stateFolderRows(readStateFolder(folder, platform), uid)];
}

async function syncRows(machine: Machine, config: Config | null, platform: InstallPlatform): Promise<readonly DoctorRow[]> {
  const types = new Set([...(config?.destinations.values() ?? [])].map(({ type }) => type));
  const [rsync, ssh, rclone] = await Promise.all([readProgram(machine, 'rsync', ['--version']), readProgram(machine, 'ssh', ['-V']), readProgram(machine, 'rclone', ['version'])]);
  return [
    syncProgramRow({ program: 'rsync', fact: rsync, needed: types.has('rsync_ssh') }, platform),
    syncProgramRow({ program: 'ssh', fact: ssh, needed: types.has('rsync_ssh') }, platform),
    syncProgramRow({ program: 'rclone', fact: rclone, needed: types.has('rclone') }, platform),
    ...(config === null ? [] : readDisks(config)).map(diskRow),
  ];
}

/** A user without an entry in the system's list has a number only. */
function userName(env: Environment): string {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] ?? env['LOGNAME'] ?? String(process.getuid?.() ?? '');
  }
}
