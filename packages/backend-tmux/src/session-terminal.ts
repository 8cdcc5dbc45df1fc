import type { SessionStatus, TerminalState } from '@longhaul/sessions';
import { readFileSync } from 'node:fs';

import type { TmuxSession } from './pane-list.ts';

/** What tmux adds to the record of a session that may live (design §4.2). */
export function withTerminal(status: SessionStatus, session: TmuxSession, socketName: string): SessionStatus {
  return { ...status, terminal: stateOf(session), windowCount: session.windowCount, socketName, attachedClients: session.attachedClients };
}

/** The same where tmux has no such session, or cannot be asked. */
export function withoutTerminal(status: SessionStatus, terminal: Extract<TerminalState, 'lost' | 'unknown' | 'none'>): SessionStatus {
  return status.state === 'running' ? { ...status, terminal } : status;
}

/** A session that was made by hand: tmux is all there is to know it by. */
export function foreignStatus(session: TmuxSession, socketName: string): SessionStatus {
  return {
    name: session.name,
    backend: 'tmux',
    state: 'running',
    terminal: stateOf(session),
    pid: session.panePid,
    createdAt: new Date(session.createdAt * 1000).toISOString(),
    startedAt: null,
    endedAt: null,
    exitCode: null,
    signal: null,
    reason: null,
    stoppedBy: null,
    runId: null,
    attempt: 1,
    command: commandOf(session.panePid),
    workingDir: null,
    image: null,
    windowCount: session.windowCount,
    socketName,
    managed: false,
    attachedClients: session.attachedClients,
    unknownReason: null,
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
