/** The table of keys that a protected session has instead of `root`. Ours by its name: nobody's own bindings are touched. */
const TABLE = 'longhaul-protect';

const INTERRUPTS = [
  { key: 'C-c', question: 'Send Ctrl-C to the job? (y/n)' },
  { key: 'C-z', question: 'Send Ctrl-Z to the job? (y/n)' },
  { key: 'C-\\', question: 'Send Ctrl-\\ to the job? (y/n)' },
] as const;

/**
 * Makes tmux ask before one of these keys reaches the job (design §8: an accidental Ctrl-C). It is a property of the session, so it holds
 * for everybody who works in it. The prefix is looked at before any table, so leaving is as ever.
 */
export function protectArgs(sessionId: string): readonly string[] {
  const bindings = INTERRUPTS.flatMap(({ key, question }) => ['bind-key', '-T', TABLE, key, 'confirm-before', '-p', question, `send-keys '${key}'`, ';']);
  return [...bindings, 'set-option', '-t', sessionId, 'key-table', TABLE, ';'];
}

/** Takes it back; harmless where there is nothing to take back. */
export function unprotectArgs(sessionId: string): readonly string[] {
  return ['set-option', '-u', '-t', sessionId, 'key-table', ';'];
}
