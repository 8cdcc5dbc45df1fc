import type { SessionStatus, TerminalState } from '@longhaul/sessions';
import { EMPTY_STATUS } from '@longhaul/sessions';
import { readFileSync } from 'node:fs';

import type { TmuxSession } from './pane-list.ts';

/** What tmux adds to the record of a session that may live (design §4.2). */
export function withTerminal(status: SessionStatus, session: TmuxSession, socketName: string): SessionStatus {
  return { ...status, terminal: stateOf(session), windowCount: session.windowCount, socketName, attachedClients: session.attachedClients };
}

/** The same where tmux has no such session, or cannot be asked. */
export function withoutTerminal(status: SessionStatus, terminal: Extract<TerminalState, 'lost' | 'unknown' | 'none'>): SessionStatus {
  return hasTerminal(status) ? { ...status, terminal } : status;
}

/** Whether there should be one: the pane stays while the job is about to be started again. */
export function hasTerminal({ state }: SessionStatus): boolean {
  return state === 'running' || state === 'restarting';
}

/** A session that was made by hand: tmux is all there is to know it by. */
export function foreignStatus(session: TmuxSession, socketName: string): SessionStatus {
  return {
    ...EMPTY_STATUS,
    name: session.name,
    backend: 'tmux',
    state: 'running',
    terminal: stateOf(session),
    pid: session.panePid,
    createdAt: new Date(session.createdAt * 1000).toISOString(),
    command: commandOf(session.panePid),
    windowCount: session.windowCount,
    socketName,
    managed: false,
    attachedClients: session.attachedClients,
  };
}

function stateOf({ attachedClients }: TmuxSession): TerminalState {
  return attachedClients > 0 ? 'attached' : 'detached';
}

/** From the system, not through a tmux format: a title may hold anything. */
function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replace(/\0$/, '').split('\0');
  } catch {
    return [];
  }
}
