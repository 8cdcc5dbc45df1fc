import { isLonghaulError } from '@longhaul/errors';
import type { Host } from '@longhaul/host';
import { openHost } from '@longhaul/host';

import type { Cli } from './cli-context.ts';
import { ownProgram } from './own-program.ts';
import { describeError } from './report-error.ts';
import { settingsCache } from './settings-cache.ts';

/**
 * Opens what this machine does, runs `use`, and closes it again. Then, as the next call of the command line after the end
 * of a run, it puts outputs into the queue that nobody has put there yet (design §6), and holds logs to their limits (§4.6),
 * which a start leaves to others: nothing of it is loaded there.
 */
export async function withHost(cli: Cli, use: (host: Host) => Promise<number>, afterwards: 'everything' | 'outputs' = 'everything'): Promise<number> {
  await using host = await openCliHost(cli);
  const code = await use(host);
  await settleOutputs(host, cli);
  if (afterwards === 'everything') await holdLogs(host, cli);
  return code;
}

/** The host as this command line asks for it. */
export async function openCliHost(cli: Cli): Promise<Host> {
  const host = await openHost({
    cwd: cli.cwd,
    env: cli.env,
    configFile: cli.configFile,
    stateDir: cli.stateDir,
    flags: { 'tmux.socket': cli.tmuxSocket },
    settingsCache: settingsCache(cli),
    program: ownProgram(),
    onProgress: (line) => { cli.printer.note(line); },
  });
  for (const warning of host.config.warnings) cli.printer.warn(warning);
  return host;
}

/**
 * The host for what runs in the background. A file of settings that somebody is just editing must not keep outputs from being
 * sent: it says so in the log, and goes on with the defaults. Destinations are read from their own files anyway.
 */
export async function openBackgroundHost(cli: Cli): Promise<Host> {
  try {
    return await openCliHost(cli);
  } catch (error) {
    if (!isLonghaulError(error, 'CONFIG')) throw error;
    cli.printer.note(`goes on with the default settings: ${error.message}`);
    const env = { ...cli.env, LONGHAUL_CONFIG: undefined, XDG_CONFIG_HOME: '/nonexistent' };
    return await openHost({ cwd: '/', env, stateDir: cli.stateDir, program: ownProgram() });
  }
}

async function holdLogs(host: Host, { printer, interrupted }: Cli): Promise<void> {
  if (interrupted.aborted) return;
  try {
    if (host.hasLimitedLogs()) await host.capLogs();
  } catch (error) {
    // The command itself is done, and the next call tries again.
    printer.note(`a log could not be held to its limit: ${describeError(error).message}`);
  }
}

async function settleOutputs(host: Host, { printer, interrupted }: Cli): Promise<void> {
  if (interrupted.aborted) return;
  try {
    if (await host.hasUnsettledOutputs()) await host.settleOutputs();
  } catch (error) {
    // The command itself is done, and the next call tries again.
    printer.note(`outputs of an ended run could not be put into the queue: ${describeError(error).message}`);
  }
}
