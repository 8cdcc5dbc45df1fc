import type { AttachCommand, AttachOptions } from '@longhaul/sessions';
import { quoteForShell } from '@longhaul/sessions';

import type { LeavingCommand } from './leave-keys.ts';
import { protectArgs, unprotectArgs } from './protect-keys.ts';
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
  /** What leaves again; shown in the status line of a server of ours. */
  readonly leaveKeys?: string | undefined;
  /** Whether its status line is ours to write. Default: it is not. */
  readonly statusLine?: 'ours' | 'theirs';
}

type Environment = Readonly<Record<string, string | undefined>>;

const READ_ONLY = 'read-only,ignore-size';

/**
 * What the caller must run to attach (design §4.3). Never nests: inside tmux on the same server the client is switched; inside another
 * server the client leaves that one, attaches here, and comes back when it is detached.
 */
export function attachCommand(target: AttachTarget, options: AttachOptions, env: Environment): AttachCommand {
  const outer = outerSession(env);
  const own = [...globalArgs({ path: target.socketPath }), ...sizeArgs(target, options), ...guardArgs(target, options), ...statusArgs(target)];
  const build = (args: readonly string[]): AttachCommand => ({ ...command(args, env), ...(target.leaveKeys === undefined ? {} : { leaveKeys: target.leaveKeys }) });
  if (outer === null) return build([...own, ...attachArgs(target, options)]);
  if (isSameSocket(outer.socketPath, target.socketPath)) return build([...own, ...switchArgs(target, options)]);
  const inner = ['tmux', ...own, ...attachArgs(target, options)].map((word) => quoteForShell(word)).join(' ');
  const back = ['tmux', '-u', '-S', outer.socketPath, 'attach-session', '-t', outer.sessionId].map((word) => quoteForShell(word)).join(' ');
  return build(['-u', '-S', outer.socketPath, 'detach-client', '-E', `${inner}; exec ${back}`]);
}

/** What will lead out of a session at this socket: one who comes from the same server goes back to the session before. */
export function leavingCommand(socketPath: string, env: Environment): LeavingCommand {
  const outer = outerSession(env);
  return outer !== null && isSameSocket(outer.socketPath, socketPath) ? 'switch-client -l' : 'detach-client';
}

/**
 * `ignore-size` counts only beside a client that does not ignore it. So one who watches alone would resize the job; the size is
 * held for them, and let go for the first who works in it.
 */
function sizeArgs({ paneId, attachedClients, sizing }: AttachTarget, { mode }: AttachOptions): readonly string[] {
  if (sizing === 'theirs' || (mode === 'read-only' && attachedClients > 0)) return [];
  return ['set-option', '-w', '-t', paneId, 'window-size', mode === 'read-only' ? 'manual' : 'latest', ';'];
}

/** Somebody who works there under protection keeps it when another one comes without. */
function guardArgs({ sessionId, attachedClients, sizing }: AttachTarget, { mode, protect }: AttachOptions): readonly string[] {
  if (sizing === 'theirs' || mode === 'read-only') return [];
  if (protect === 'interrupts') return protectArgs(sessionId);
  return attachedClients > 0 ? [] : unprotectArgs(sessionId);
}

/** A line that is said before the screen is taken is seen too late; this one stays in sight. Nothing of the user's goes through the format. */
function statusArgs({ sessionId, leaveKeys, statusLine }: AttachTarget): readonly string[] {
  if (statusLine !== 'ours' || leaveKeys === undefined) return [];
  return ['set-option', '-t', sessionId, 'status-right', ` ${leaveKeys.replaceAll('#', '##')} leaves, the job goes on `, ';'];
}

function attachArgs({ sessionId }: AttachTarget, { mode }: AttachOptions): readonly string[] {
  // -E: what the client has in its environment stays its own.
  return ['attach-session', '-E', '-t', sessionId, ...(mode === 'read-only' ? ['-f', READ_ONLY] : [])];
}

/** `switch-client -r` would toggle, so a second look would be writable. */
function switchArgs({ sessionId }: AttachTarget, { mode }: AttachOptions): readonly string[] {
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
