import type { StartInput } from '@longhaul/host';

import type { Call, CommandOption } from '../command-module.ts';

/** What `start` and `run` share. */
export const START_OPTIONS: readonly CommandOption[] = [
  { flags: '-C, --directory <DIR>', text: 'run it in this folder' },
  { flags: '-e, --env <KEY[=VALUE]>', text: 'set a variable; KEY alone takes your value and keeps it secret', repeat: 'yes' },
  { flags: '--env-file <FILE>', text: 'KEY=VALUE lines, kept secret' },
  { flags: '-o, --output <PATH>', text: 'a folder or file that the job makes; sent when it ends', repeat: 'yes' },
  { flags: '--to <DEST>', text: 'where outputs go: a destination of longhaul.yaml, or an absolute path', repeat: 'yes' },
  { flags: '--as <TEMPLATE>', text: 'final name of the outputs, made of {name} {session} {run} {host} {date}' },
  { flags: '--stop-signal <NAME>', text: 'how this job is asked to end; INT if not said' },
  { flags: '-b, --backend <KIND>', text: 'what keeps the session alive', choices: ['tmux', 'container'] },
];

/** What the command line asks for; the rest is taken from `sessions.NAME` of longhaul.yaml. */
export function startInput({ operands: [name = ''], options, command }: Call): StartInput {
  const signal = options.text('stopSignal');
  return {
    name,
    command,
    backend: options.text('backend') as StartInput['backend'] & (string | null),
    workingDir: options.text('directory'),
    env: options.list('env'),
    envFile: options.text('envFile'),
    outputs: options.list('output'),
    to: options.list('to'),
    as: options.text('as'),
    ...(signal === null ? {} : { stop: { signal } }),
  };
}
