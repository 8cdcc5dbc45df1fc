import type { CommandModule } from './command-module.ts';
import type { CommandGroup } from './command-group.ts';
import type { parseCall } from './parse-call.ts';

/** One command as the list of commands shows it; its own file is loaded only when it is asked for. */
export interface CommandEntry {
  /** `start`, or `sync push`. */
  readonly path: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: 'Sessions' | 'Sync' | 'More' | 'hidden';
  readonly load: () => Promise<LoadedCommand>;
}

/** A command with the parser, which lies in the same bundle so that one file is loaded for both. */
export interface LoadedCommand {
  readonly module: CommandModule;
  readonly parseCall: typeof parseCall;
}

function loaded<Name extends string>(group: CommandGroup<Name>, name: Name): LoadedCommand {
  return { module: group[name], parseCall: group.parseCall };
}

/** Every command (design §8), in the order in which help shows them. */
export const COMMANDS: readonly CommandEntry[] = [
  { path: 'start', group: 'Sessions', summary: 'start a job in a durable session', load: async () => loaded(await import('./session-commands.ts'), 'start') },
  { path: 'run', group: 'Sessions', summary: 'start, follow the log, exit with the job\'s own code', load: async () => loaded(await import('./session-commands.ts'), 'run') },
  { path: 'list', aliases: ['ls'], group: 'Sessions', summary: 'list sessions', load: async () => loaded(await import('./session-commands.ts'), 'list') },
  { path: 'status', group: 'Sessions', summary: 'explain one session: what it does, how it ended, where its outputs are', load: async () => loaded(await import('./session-commands.ts'), 'status') },
  { path: 'logs', group: 'Sessions', summary: 'print or follow the log of a session', load: async () => loaded(await import('./session-commands.ts'), 'logs') },
  { path: 'attach', group: 'Sessions', summary: 'connect this terminal to a session', load: async () => loaded(await import('./session-commands.ts'), 'attach') },
  { path: 'exec', group: 'Sessions', summary: 'run a program beside a job, in its folder and environment', load: async () => loaded(await import('./session-commands.ts'), 'exec') },
  { path: 'send', group: 'Sessions', summary: 'type text or keys into a session', load: async () => loaded(await import('./session-commands.ts'), 'send') },
  { path: 'stop', group: 'Sessions', summary: 'end a job: a signal, a time to finish, then KILL', load: async () => loaded(await import('./session-commands.ts'), 'stop') },
  { path: 'restart', group: 'Sessions', summary: 'stop a job and start it again as it was', load: async () => loaded(await import('./session-commands.ts'), 'restart') },
  { path: 'wait', group: 'Sessions', summary: 'wait for the end of a job, exit with its code; or until it is ready', load: async () => loaded(await import('./session-commands.ts'), 'wait') },
  { path: 'remove', aliases: ['rm'], group: 'Sessions', summary: 'forget an ended session; its runs stay in the history', load: async () => loaded(await import('./session-commands.ts'), 'remove') },
  { path: 'history', group: 'Sessions', summary: 'every run with its exit code', load: async () => loaded(await import('./session-commands.ts'), 'history') },
  { path: 'sync push', group: 'Sync', summary: 'send a folder or file to a destination, proven', load: async () => loaded(await import('./sync-commands.ts'), 'syncPush') },
  { path: 'sync list', aliases: ['sync ls'], group: 'Sync', summary: 'list sync jobs', load: async () => loaded(await import('./sync-commands.ts'), 'syncList') },
  { path: 'sync show', group: 'Sync', summary: 'one sync job with its evidence and history', load: async () => loaded(await import('./sync-commands.ts'), 'syncShow') },
  { path: 'sync retry', group: 'Sync', summary: 'try failed, cancelled or waiting jobs again now', load: async () => loaded(await import('./sync-commands.ts'), 'syncRetry') },
  { path: 'sync cancel', group: 'Sync', summary: 'give sync jobs up; nothing local is touched', load: async () => loaded(await import('./sync-commands.ts'), 'syncCancel') },
  { path: 'sync verify', group: 'Sync', summary: 'read results again where they are, and prove them or have them mended', load: async () => loaded(await import('./sync-commands.ts'), 'syncVerify') },
  { path: 'sync receipts', group: 'Sync', summary: 'check the chain of receipts at a destination', load: async () => loaded(await import('./sync-commands.ts'), 'syncReceipts') },
  { path: 'sync reclaim', group: 'Sync', summary: 'free local copies that are proven elsewhere; looks only, unless told to', load: async () => loaded(await import('./sync-commands.ts'), 'syncReclaim') },
  { path: 'sync work', group: 'Sync', summary: 'work on the queue in the foreground', load: async () => loaded(await import('./sync-commands.ts'), 'syncWork') },
  { path: 'sync watch', group: 'Sync', summary: 'list the watched folders, and what each waits for', load: async () => loaded(await import('./sync-commands.ts'), 'syncWatch') },
  { path: 'sync destinations', group: 'Sync', summary: 'list, probe, pause, resume, renew or trust destinations', load: async () => loaded(await import('./sync-commands.ts'), 'syncDestinations') },
  { path: 'why', group: 'More', summary: 'what a session or sync job waits for, and what would help', load: async () => loaded(await import('./session-commands.ts'), 'why') },
  { path: 'doctor', group: 'More', summary: 'what on this machine is in the way of jobs, and what helps', load: async () => loaded(await import('./doctor-commands.ts'), 'doctor') },
  { path: 'serve', group: 'More', summary: 'run the server: sync worker and local API', load: async () => loaded(await import('./other-commands.ts'), 'serve') },
  { path: 'config show', group: 'More', summary: 'the settings in force, and where each came from', load: async () => loaded(await import('./other-commands.ts'), 'configShow') },
  { path: 'config check', group: 'More', summary: 'check longhaul.yaml', load: async () => loaded(await import('./other-commands.ts'), 'configCheck') },
  { path: 'config schema', group: 'More', summary: 'the JSON Schema of longhaul.yaml, for editors', load: async () => loaded(await import('./other-commands.ts'), 'configSchema') },
  { path: 'completion', group: 'More', summary: 'what bash, zsh or fish needs to complete longhaul', load: async () => loaded(await import('./completion-commands.ts'), 'completion') },
  { path: 'version', group: 'More', summary: 'the version of longhaul', load: async () => loaded(await import('./other-commands.ts'), 'version') },
  { path: 'complete', group: 'hidden', summary: 'for shells: what a word may become', load: async () => loaded(await import('./completion-commands.ts'), 'complete') },
  { path: 'run-ended', group: 'hidden', summary: 'for the launcher: what follows the end of a run', load: async () => loaded(await import('./session-commands.ts'), 'runEnded') },
  { path: 'hold-logs', group: 'hidden', summary: 'for the launcher: hold logs to their limits', load: async () => loaded(await import('./session-commands.ts'), 'holdLogs') },
  { path: 'drain-queue', group: 'hidden', summary: 'for the hook: drain the queue in the background', load: async () => loaded(await import('./sync-commands.ts'), 'drainQueue') },
];

/** The command that the first words of a command line name, and how many words that took. */
export function findCommand(words: readonly string[]): { readonly entry: CommandEntry; readonly words: number } | null {
  for (const length of [2, 1]) {
    if (words.length < length) continue;
    const path = words.slice(0, length).join(' ');
    const entry = COMMANDS.find((candidate) => candidate.path === path || candidate.aliases?.includes(path) === true);
    if (entry !== undefined) return { entry, words: length };
  }
  return null;
}

/** Whether a word begins commands of two words: `sync`, `config`. */
export function isGroup(word: string): boolean {
  return COMMANDS.some(({ path }) => path.startsWith(`${word} `));
}
