import type { RunId } from '@longhaul/sessions';
import { asRunId } from '@longhaul/sessions';

/** One tmux session as its server tells it, by the pane that stands for it: the job's, or the active one of a foreign session. */
export interface TmuxSession {
  /** `$3`: unique as long as the server lives. */
  readonly id: string;
  readonly name: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly attachedClients: number;
  readonly windowCount: number;
  /** `%5` */
  readonly paneId: string;
  /** The process that tmux started in the pane. */
  readonly panePid: number;
  /** All pane processes of the session. */
  readonly panePids: readonly number[];
  readonly serverPid: number;
  /** The run that Longhaul started it for; null for a foreign session. */
  readonly runId: RunId | null;
}

/** The option of a session that names its run. */
export const RUN_OPTION = '@longhaul_run';

const FIELDS = ['session_id', 'session_created', 'session_attached', 'session_windows', 'window_active', 'pane_active', 'pane_id', 'pane_pid', 'pid', RUN_OPTION, 'session_name'];

/** Only fields that can hold no tab and no newline; what the panes show or where they are may hold both. */
export const PANE_FORMAT: string = FIELDS.map((field) => `#{${field}}`).join('\t');

/** One call for all sessions of a socket (design §4.1). */
export const LIST_PANES: readonly string[] = ['list-panes', '-a', '-F', PANE_FORMAT];

interface Pane extends Omit<TmuxSession, 'panePids'> {
  readonly isActive: boolean;
}

/** What {@link LIST_PANES} prints. Lines of another shape are left out. */
export function parsePanes(text: string): readonly TmuxSession[] {
  const panes = new Map<string, Pane[]>();
  for (const pane of text.split('\n').flatMap(parseLine)) panes.set(pane.id, [...(panes.get(pane.id) ?? []), pane]);
  return [...panes.values()].flatMap((all) => {
    const [first] = all;
    // A session of ours keeps its first pane for the job; people look at the active one of theirs.
    const pane = first?.runId === null ? (all.find(({ isActive }) => isActive) ?? first) : first;
    if (pane === undefined) return [];
    const { isActive: _, ...session } = pane;
    return [{ ...session, panePids: all.map(({ panePid }) => panePid) }];
  });
}

function parseLine(line: string): readonly Pane[] {
  const [id = '', created, attached, windows, windowActive, paneActive, paneId = '', panePid, serverPid, run = '', ...name] = line.split('\t');
  if (!/^\$\d+$/.test(id) || !/^%\d+$/.test(paneId) || name.length !== 1) return [];
  const numbers = [created, attached, windows, panePid, serverPid].map(Number);
  const [createdAt, attachedClients, windowCount, pid, server] = numbers;
  if (numbers.some(Number.isNaN) || createdAt === undefined || attachedClients === undefined || windowCount === undefined || pid === undefined || server === undefined) return [];
  return [{ id, name: name.join(), createdAt, attachedClients, windowCount, paneId, panePid: pid, serverPid: server, runId: asRunId(run), isActive: windowActive === '1' && paneActive === '1' }];
}
