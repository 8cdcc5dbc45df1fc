import type { AttachCommand, AttachOptions } from '@longhaul/sessions';
import { quoteForShell } from '@longhaul/sessions';

import { globalArgs } from './tmux-client.ts';
import { isSameSocket } from './tmux-socket.ts';

/** The session to attach to. */
export interface AttachTarget {
  readonly socketPath: string;
  /** `$3` */
  readonly sessionId: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const READ_ONLY = 'read-only,ignore-size';

/**
 * What the caller must run to attach (design §4.3). Never nests: inside tmux on the same server the client is switched; inside another
 * server the client leaves that one, attaches here, and comes back when it is detached.
 */
export function attachCommand(target: AttachTarget, { mode }: AttachOptions, env: Environment): AttachCommand {
  const outer = outerSession(env);
  const own = globalArgs({ path: target.socketPath });
  if (outer === null) return command([...own, ...attachArgs(target, mode)], env);
  if (isSameSocket(outer.socketPath, target.socketPath)) return command([...own, ...switchArgs(target, mode)], env);
  const inner = ['tmux', ...own, ...attachArgs(target, mode)].map((word) => quoteForShell(word)).join(' ');
  const back = ['tmux', '-u', '-S', outer.socketPath, 'attach-session', '-t', outer.sessionId].map((word) => quoteForShell(word)).join(' ');
  return command(['-u', '-S', outer.socketPath, 'detach-client', '-E', `${inner}; exec ${back}`], env);
}

function attachArgs({ sessionId }: AttachTarget, mode: AttachOptions['mode']): readonly string[] {
  // -E: what the client has in its environment stays its own.
  return ['attach-session', '-E', '-t', sessionId, ...(mode === 'read-only' ? ['-f', READ_ONLY] : [])];
}

/** `switch-client -r` would toggle, so a second look would be writable. */
function switchArgs({ sessionId }: AttachTarget, mode: AttachOptions['mode']): readonly string[] {
  return ['switch-client', '-E', '-t', sessionId, ...(mode === 'read-only' ? [';', 'refresh-client', '-f', READ_ONLY] : [])];
}

function command(args: readonly string[], env: Environment): AttachCommand {
  return { program: 'tmux', args, env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)) };
}

/** The session that the caller's terminal is in, from `TMUX=socket,pid,session`; null outside. A socket's path may hold commas. */
function outerSession(env: Environment): { readonly socketPath: string; readonly sessionId: string } | null {
  const [, path, session] = /^(.+),\d+,(\d+)$/.exec(env['TMUX'] ?? '') ?? [];
  return path === undefined || session === undefined ? null : { socketPath: path, sessionId: `$${session}` };
}
