import type { AttachSettings } from '@longhaul/config';
import { isLonghaulError, SessionAttachError } from '@longhaul/errors';
import { replaceProcess } from '@longhaul/exec';
import type { AttachCommand } from '@longhaul/sessions';

import { BACKEND_OPTION, backendChoice } from '../backend-option.ts';
import type { CommandModule, OptionValues } from '../command-module.ts';
import type { Printer } from '../output/printer.ts';
import { withHost } from '../with-host.ts';

export const attach: CommandModule = {
  usage: 'NAME [options]',
  about:
    'The keys that leave are said first, and shown in the status line of a tmux server of ours: Ctrl-b d as a rule. The job goes on. Ctrl-C goes to the job, unless you protect it. Inside tmux the client is switched instead of nested.',
  examples: [
    { line: 'longhaul attach train', text: 'connect this terminal' },
    { line: 'longhaul attach train --protect', text: 'Ctrl-C, Ctrl-Z and Ctrl-\\ are asked about first' },
    { line: 'longhaul attach train --read-only', text: 'look on; no key reaches the job, and its size stays' },
  ],
  options: [
    { flags: '-r, --read-only', text: 'only look on' },
    { flags: '--protect', text: 'ask before Ctrl-C reaches the job; attach.protect of longhaul.yaml does it always' },
    BACKEND_OPTION,
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) => {
    const { printer } = cli;
    if (!cli.stdin.isTTY || !printer.isTerminal) {
      throw new SessionAttachError(name, options.text('backend') ?? 'any backend', 'this is not a terminal', { hint: `read its log instead: longhaul logs ${name} -f` });
    }
    const mode = options.has('readOnly') ? 'read-only' : 'read-write';
    return await withHost(cli, async (host) => {
      const connect = async (protect: 'interrupts' | 'nothing'): Promise<AttachCommand> => await host.sessions.attach(name, { mode, protect, ...backendChoice(options) });
      const command = await connectAs(guardOf(options, host.config.config.attach), { connect, printer });
      printer.note(leaveText(command));
      return await replaceProcess({ program: command.program, args: command.args, env: { base: 'empty', set: command.env } });
    });
  },
};

/** `always`: a habit of the person's, which gives way where there is nothing to guard with; `asked`: for this call, or not at all. */
type Guard = 'asked' | 'always' | 'none';

function guardOf(options: OptionValues, { protect }: AttachSettings): Guard {
  if (options.has('readOnly')) return 'none';
  if (options.has('protect')) return 'asked';
  return protect ? 'always' : 'none';
}

interface Connecting {
  readonly connect: (protect: 'interrupts' | 'nothing') => Promise<AttachCommand>;
  readonly printer: Printer;
}

async function connectAs(guard: Guard, { connect, printer }: Connecting): Promise<AttachCommand> {
  if (guard === 'none') return await connect('nothing');
  try {
    return await connect('interrupts');
  } catch (error) {
    if (guard === 'asked' || !isLonghaulError(error)) throw error;
    const command = await connect('nothing');
    printer.warn(`Ctrl-C will reach the job: ${error.message}`);
    return command;
  }
}

function leaveText({ leaveKeys }: AttachCommand): string {
  if (leaveKeys === undefined) return 'no key leaves it: close this terminal, and the job goes on';
  return `leave with ${leaveKeys.split(/[ ,]/).map(keyText).join(' ')}: the job goes on`;
}

/** `C-b` as people say it. */
function keyText(key: string): string {
  return key.replace(/^(?:C-|ctrl-)/i, 'Ctrl-').replace(/^M-/, 'Alt-');
}
