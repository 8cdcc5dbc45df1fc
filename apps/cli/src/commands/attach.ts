import { SessionAttachError } from '@longhaul/errors';
import { replaceProcess } from '@longhaul/exec';

import type { CommandModule } from '../command-module.ts';
import { withHost } from '../with-host.ts';

export const attach: CommandModule = {
  usage: 'NAME [options]',
  about: 'Leave the session with Ctrl-b d: the job goes on. Ctrl-C goes to the job. Inside tmux the client is switched instead of nested.',
  examples: [
    { line: 'longhaul attach train', text: 'connect this terminal' },
    { line: 'longhaul attach train --read-only', text: 'look on; no key reaches the job, and its size stays' },
  ],
  options: [
    { flags: '-r, --read-only', text: 'only look on' },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) => {
    if (!cli.stdin.isTTY || !cli.printer.isTerminal) {
      throw new SessionAttachError(name, 'tmux', 'this is not a terminal', { hint: `read its log instead: longhaul logs ${name} -f` });
    }
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    return await withHost(cli, async (host) => {
      const command = await host.sessions.attach(name, { mode: options.has('readOnly') ? 'read-only' : 'read-write', ...(backend === null ? {} : { backend }) });
      return await replaceProcess({ program: command.program, args: command.args, env: { base: 'empty', set: command.env } });
    });
  },
};
