import path from 'node:path';

import type { TmuxSocket } from '@longhaul/backend-tmux';

/** What `tmux.socket` of a configuration names: a path, or a name in the user's folder of sockets. */
export function socketOf(setting: string): TmuxSocket {
  return path.isAbsolute(setting) ? { path: setting } : { name: setting };
}
