import type { SendInput } from '@longhaul/sessions';

import { BACKEND_OPTION, backendChoice } from '../backend-option.ts';
import type { Cli } from '../cli-context.ts';
import type { Call, CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const send: CommandModule = {
  usage: 'NAME [TEXT…] [options] [-- TEXT…]',
  about:
    'Text is typed literally, byte for byte, words joined by a space; what begins with a dash comes after --. Keys have the names that tmux gives them: Enter, C-c, Up, Escape. First the text, then the keys.',
  examples: [
    { line: 'longhaul send train "save checkpoint" --enter', text: 'type a line' },
    { line: 'longhaul send train --keys C-c', text: 'press Ctrl-C in the session' },
    { line: 'longhaul send train --enter -- --resume', text: 'text that looks like an option' },
    { line: 'longhaul send train --stdin --enter', text: 'a password, which must stand in no argument list' },
  ],
  options: [
    { flags: '-k, --keys <KEY>', text: 'press a key; may be repeated', repeat: 'yes' },
    { flags: '--enter', text: 'press Enter at the end' },
    { flags: '--stdin', text: 'take the text from stdin, to its end' },
    BACKEND_OPTION,
  ],
  takesCommand: 'yes',
  operands: { min: 1, max: Number.POSITIVE_INFINITY },
  run: async (cli, call) => {
    const [name = ''] = call.operands;
    const inputs = await inputsOf(call, cli);
    if (inputs.length === 0) throw new UsageError('nothing to send', `longhaul send ${name} "text" --enter, or --keys C-c`);
    return await withHost(cli, async (host) => {
      for (const input of inputs) await host.sessions.send(name, input, backendChoice(call.options));
      cli.printer.result({ session: name, sent: inputs.length }, () => '');
      if (cli.printer.isTerminal && inputs.length === 1 && isUnentered(inputs[0])) cli.printer.note('typed as it is, without Enter: --enter presses it');
      return EXIT.OK;
    });
  },
};

/** A line that nobody has ended: what was tried here first was to send commands to a shell so. */
function isUnentered(input: SendInput | undefined): boolean {
  return input !== undefined && 'text' in input && !/[\r\n]$/.test(input.text);
}

async function inputsOf({ operands: [, ...words], options, command }: Call, cli: Cli): Promise<readonly SendInput[]> {
  const all = [...words, ...(command ?? [])];
  if (options.has('stdin') && all.length > 0) throw new UsageError('the text comes either from stdin or from the command line', 'leave out one of them');
  const text = options.has('stdin') ? await readText(cli) : all.join(' ');
  const keys = [...options.list('keys'), ...(options.has('enter') ? ['Enter'] : [])];
  return [...(text === '' ? [] : [{ text }]), ...(keys.length === 0 ? [] : [{ keys }])];
}

/** More than anybody types; a file is better copied. Bytes. */
const MAX_TEXT = 1024 * 1024;

async function readText({ stdin }: Cli): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_TEXT) throw new UsageError('more than 1 MiB on stdin is nothing to be typed', 'copy the file, and send its name');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw new UsageError('what is on stdin is not UTF-8, and would arrive as other bytes');
  return text;
}
