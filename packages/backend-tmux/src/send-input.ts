import { SessionConfigError } from '@longhaul/errors';

const NAMED_KEYS = [
  ...['Enter', 'Escape', 'Tab', 'BTab', 'Space', 'BSpace', 'Delete', 'DC', 'Insert', 'IC', 'Home', 'End'],
  ...['Up', 'Down', 'Left', 'Right', 'PageUp', 'PPage', 'PgUp', 'PageDown', 'NPage', 'PgDn'],
  ...Array.from({ length: 12 }, (_, index) => `F${String(index + 1)}`),
];
const KEY = /^(?:[CMS]-)*(.+)$/;

/**
 * Arguments of `send-keys` for keys by their tmux names. What is no key is refused: tmux would type it as text.
 *
 * @throws SessionConfigError for an unknown key.
 */
export function sendKeysArgs(paneId: string, keys: readonly string[]): readonly string[] {
  // A lone `;` would end the command for tmux.
  const words = keys.map(checkedKey).map((key) => (key.endsWith(';') ? `${key.slice(0, -1)}\\;` : key));
  return ['send-keys', '-t', paneId, '--', ...words];
}

function checkedKey(key: string): string {
  const base = KEY.exec(key)?.[1] ?? '';
  if (NAMED_KEYS.includes(base) || /^[\x21-\x7e]$/.test(base)) return key;
  throw new SessionConfigError(`${JSON.stringify(key)} is not a key`, { hint: 'use names such as C-c, Enter, Escape, Up, F1, or send it as text' });
}

/**
 * Arguments for text, which comes on stdin: it may be a password, and an argv is read by everybody. Pasted as it is, newlines as
 * Enter; any length (send-keys ends at 16 KiB).
 */
export function pasteArgs(paneId: string, buffer: string): readonly string[] {
  return ['load-buffer', '-b', buffer, '-', ';', 'paste-buffer', '-d', '-b', buffer, '-t', paneId];
}
