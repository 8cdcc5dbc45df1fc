import type { BackendKind } from '@longhaul/sessions';

import type { CommandOption, OptionValues } from './command-module.ts';

/** For commands that name a session: two backends may have the name. */
export const BACKEND_OPTION: CommandOption = { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] };

/** What {@link BACKEND_OPTION} says, as the session manager takes it. */
export function backendChoice(options: OptionValues): { readonly backend?: BackendKind } {
  const backend = options.text('backend') as BackendKind | null;
  return backend === null ? {} : { backend };
}
