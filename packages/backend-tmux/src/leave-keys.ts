/** Asks a server what leads out of a session: its prefix keys, and what is bound behind them. One call. */
export function leaveKeysArgs(sessionId: string): readonly string[] {
  return ['display-message', '-p', '-t', sessionId, '#{prefix}\t#{prefix2}', ';', 'list-keys', '-T', 'prefix'];
}

/** The command of tmux that leaves: `detach-client`, or `switch-client -l` for a client that was switched here from another session. */
export type LeavingCommand = 'detach-client' | 'switch-client -l';

/**
 * The keys that leave, as tmux names them: `C-b d`. Undefined where the server has no prefix, or nothing bound to it: somebody's
 * configuration may have taken both away.
 */
export function parseLeaveKeys(text: string, command: LeavingCommand): string | undefined {
  const [first = '', ...bindings] = text.split('\n');
  const prefix = first.split('\t').find((key) => key !== '' && key !== 'None');
  const keys = bindings.flatMap((line) => {
    const [, key, bound] = /^bind-key\s+(?:-r\s+)?-T prefix\s+(\S+)\s+(.*\S)\s*$/.exec(line) ?? [];
    return key !== undefined && bound === command ? [key] : [];
  });
  // The usual key where it is one of several.
  const key = keys.find((candidate) => candidate === 'd' || candidate === 'L') ?? keys[0];
  return prefix === undefined || key === undefined ? undefined : `${prefix} ${key}`;
}
