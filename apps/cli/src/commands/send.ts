import type { SendInput } from '@longhaul/sessions';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const send: CommandModule = {
  usage: 'NAME [TEXT…] [options]',
  about: 'Text is typed literally, words joined by a space; keys have the names that tmux gives them: Enter, C-c, Up, Escape. First the text, then the keys.',
  examples: [
    { line: 'longhaul send train "save checkpoint" --enter', text: 'type a line' },
    { line: 'longhaul send train --keys C-c', text: 'press Ctrl-C in the session' },
  ],
  options: [
    { flags: '-k, --keys <KEY>', text: 'press a key; may be repeated', repeat: 'yes' },
    { flags: '--enter', text: 'press Enter at the end' },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 1, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands: [name = '', ...words], options }) => {
    const keys = [...options.list('keys'), ...(options.has('enter') ? ['Enter'] : [])];
    const inputs: SendInput[] = [...(words.length === 0 ? [] : [{ text: words.join(' ') }]), ...(keys.length === 0 ? [] : [{ keys }])];
    if (inputs.length === 0) throw new UsageError('nothing to send', `longhaul send ${name} "text" --enter, or --keys C-c`);
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    return await withHost(cli, async (host) => {
      for (const input of inputs) await host.sessions.send(name, input, backend === null ? {} : { backend });
      cli.printer.result({ session: name, sent: inputs.length }, () => '');
      return EXIT.OK;
    });
  },
};
