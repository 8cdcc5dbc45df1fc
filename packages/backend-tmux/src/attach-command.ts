import type { AttachCommand, AttachOptions } from '@longhaul/sessions';
import { quoteForShell } from '@longhaul/sessions';

import { globalArgs } from './tmux-client.ts';
import { isSameSocket } from './tmux-socket.ts';

/** The session to attach to. */
export interface AttachTarget {
  readonly socketPath: string;
  /** `$3` */
  readonly sessionId: string;
  /** `%5` */
  readonly paneId: string;
  readonly attachedClients: number;
  /** Whether its size is ours to decide: the options of a session that was made by hand are not. */
  readonly sizing: 'ours' | 'theirs';
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

/**
 * `ignore-size` counts only beside a client that does not ignore it. So one who watches alone would resize the job; the size is
 * held for them, and let go for the first who works in it.
 */
function sizeArgs({ paneId, attachedClients, sizing }: AttachTarget, mode: AttachOptions['mode']): readonly string[] {
  if (sizing === 'theirs' || (mode === 'read-only' && attachedClients > 0)) return [];
  return ['set-option', '-w', '-t', paneId, 'window-size', mode === 'read-only' ? 'manual' : 'latest', ';'];
}

function attachArgs(target: AttachTarget, mode: AttachOptions['mode']): readonly string[] {
  const { sessionId } = target;
  // -E: what the client has in its environment stays its own.
  return [...sizeArgs(target, mode), 'attach-session', '-E', '-t', sessionId, ...(mode === 'read-only' ? ['-f', READ_ONLY] : [])];
}

/** `switch-client -r` would toggle, so a second look would be writable. */
function switchArgs(target: AttachTarget, mode: AttachOptions['mode']): readonly string[] {
  const { sessionId } = target;
  return [...sizeArgs(target, mode), 'switch-client', '-E', '-t', sessionId, ...(mode === 'read-only' ? [';', 'refresh-client', '-f', READ_ONLY] : [])];
}

function command(args: readonly string[], env: Environment): AttachCommand {
  return { program: 'tmux', args, env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)) };
}

/** The session that the caller's terminal is in, from `TMUX=socket,pid,session`; null outside. A socket's path may hold commas. */
function outerSession(env: Environment): { readonly socketPath: string; readonly sessionId: string } | null {
  const [, path, session] = /^(.+),\d+,(\d+)$/.exec(env['TMUX'] ?? '') ?? [];
  return path === undefined || session === undefined ? null : { socketPath: path, sessionId: `$${session}` };
}
