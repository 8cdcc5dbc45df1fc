import type { CommandModule } from '../command-module.ts';
import type { Shell } from '../completion/shell-scripts.ts';
import { SHELLS, shellScript } from '../completion/shell-scripts.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';

export const completion: CommandModule = {
  usage: 'bash|zsh|fish [options]',
  about: 'Prints what the shell needs to complete commands, options, and names of sessions and destinations. Put the line that loads it into the start-up file of your shell.',
  examples: [
    { line: 'eval "$(longhaul completion bash)"', text: 'in ~/.bashrc' },
    { line: 'longhaul completion zsh', text: 'for ~/.zshrc, after compinit: eval "$(longhaul completion zsh)"' },
    { line: 'longhaul completion fish', text: 'for ~/.config/fish/config.fish: longhaul completion fish | source' },
  ],
  operands: { min: 1, max: 1 },
  run: (cli, { operands: [name = ''] }) => {
    if (!isShell(name)) throw new UsageError(`there is no completion for "${name}"`, `longhaul completion ${SHELLS.join('|')}`);
    const script = shellScript(name);
    cli.printer.result({ shell: name, script }, () => script);
    return Promise.resolve(EXIT.OK);
  },
};

function isShell(name: string): name is Shell {
  return SHELLS.some((shell) => shell === name);
}
