import type { CommandModule } from './command-module.ts';

/** One command as the list of commands shows it; its own file is loaded only when it is asked for. */
export interface CommandEntry {
  /** `start`, or `sync push`. */
  readonly path: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: 'Sessions' | 'Sync' | 'More' | 'hidden';
  readonly load: () => Promise<CommandModule>;
}

/** Every command (design §8), in the order in which help shows them. */
export const COMMANDS: readonly CommandEntry[] = [
  { path: 'start', group: 'Sessions', summary: 'start a job in a durable session', load: async () => (await import('./commands/start.ts')).start },
  { path: 'run', group: 'Sessions', summary: 'start, follow the log, exit with the job\'s own code', load: async () => (await import('./commands/run.ts')).run },
  { path: 'list', aliases: ['ls'], group: 'Sessions', summary: 'list sessions', load: async () => (await import('./commands/list.ts')).list },
  { path: 'status', group: 'Sessions', summary: 'explain one session: what it does, how it ended, where its outputs are', load: async () => (await import('./commands/status.ts')).status },
  { path: 'logs', group: 'Sessions', summary: 'print or follow the log of a session', load: async () => (await import('./commands/logs.ts')).logs },
  { path: 'attach', group: 'Sessions', summary: 'connect this terminal to a session', load: async () => (await import('./commands/attach.ts')).attach },
  { path: 'send', group: 'Sessions', summary: 'type text or keys into a session', load: async () => (await import('./commands/send.ts')).send },
  { path: 'stop', group: 'Sessions', summary: 'end a job: a signal, a time to finish, then KILL', load: async () => (await import('./commands/stop.ts')).stop },
  { path: 'wait', group: 'Sessions', summary: 'wait for the end of a job, exit with its code', load: async () => (await import('./commands/wait.ts')).wait },
  { path: 'remove', aliases: ['rm'], group: 'Sessions', summary: 'forget an ended session; its runs stay in the history', load: async () => (await import('./commands/remove.ts')).remove },
  { path: 'history', group: 'Sessions', summary: 'every run with its exit code', load: async () => (await import('./commands/history.ts')).history },
  { path: 'sync push', group: 'Sync', summary: 'send a folder or file to a destination, proven', load: async () => (await import('./commands/sync-push.ts')).syncPush },
  { path: 'sync list', aliases: ['sync ls'], group: 'Sync', summary: 'list sync jobs', load: async () => (await import('./commands/sync-list.ts')).syncList },
  { path: 'sync show', group: 'Sync', summary: 'one sync job with its evidence and history', load: async () => (await import('./commands/sync-show.ts')).syncShow },
  { path: 'sync retry', group: 'Sync', summary: 'try failed, cancelled or waiting jobs again now', load: async () => (await import('./commands/sync-retry.ts')).syncRetry },
  { path: 'sync cancel', group: 'Sync', summary: 'give sync jobs up; nothing local is touched', load: async () => (await import('./commands/sync-cancel.ts')).syncCancel },
  { path: 'sync work', group: 'Sync', summary: 'work on the queue in the foreground', load: async () => (await import('./commands/sync-work.ts')).syncWork },
  { path: 'sync destinations', group: 'Sync', summary: 'list, probe, pause, resume or trust destinations', load: async () => (await import('./commands/sync-destinations.ts')).syncDestinations },
  { path: 'why', group: 'More', summary: 'what a session or sync job waits for, and what would help', load: async () => (await import('./commands/why.ts')).why },
  { path: 'serve', group: 'More', summary: 'run the server: sync worker and local API', load: async () => (await import('./commands/serve.ts')).serve },
  { path: 'config show', group: 'More', summary: 'the settings in force, and where each came from', load: async () => (await import('./commands/config-show.ts')).configShow },
  { path: 'config check', group: 'More', summary: 'check longhaul.yaml', load: async () => (await import('./commands/config-check.ts')).configCheck },
  { path: 'config schema', group: 'More', summary: 'the JSON Schema of longhaul.yaml, for editors', load: async () => (await import('./commands/config-schema.ts')).configSchema },
  { path: 'version', group: 'More', summary: 'the version of longhaul', load: async () => (await import('./commands/version.ts')).version },
  { path: 'run-ended', group: 'hidden', summary: 'for the launcher: what follows the end of a run', load: async () => (await import('./commands/run-ended.ts')).runEnded },
  { path: 'drain-queue', group: 'hidden', summary: 'for the hook: drain the queue in the background', load: async () => (await import('./commands/drain-queue.ts')).drainQueue },
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
