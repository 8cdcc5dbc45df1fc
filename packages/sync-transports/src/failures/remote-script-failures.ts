import type { FailureRule } from './failure-rule.ts';

/**
 * What the programs of a remote script (mkdir, mv, cat, sync …) print when the system refuses them, GNU's or BusyBox's.
 * Used for scripts that ended with a code of their own; what ended in ssh itself is 255 and has ssh's table.
 */
export const REMOTE_SCRIPT_FAILURES: readonly FailureRule[] = [
  { id: 'remote.no-space', text: /No space left on device/, kind: 'no_space', hint: 'Free space at {target}, in {path}' },
  { id: 'remote.quota', text: /Disk quota exceeded|Quota exceeded/i, kind: 'no_space', hint: 'The account at {target} has used up its quota' },
  { id: 'remote.read-only', text: /Read-only file system/, kind: 'config', hint: '{path} at {target} is mounted read-only; a disk with errors is remounted so: look at dmesg there' },
  { id: 'remote.permission', text: /Permission denied|Operation not permitted|Access denied/i, kind: 'permission', hint: 'The account at {target} may not write in {path}: give it the folder (chown), or log in as its owner' },
  { id: 'remote.name', text: /File name too long|Invalid argument|Illegal byte sequence/, kind: 'config', hint: 'The file system of {path} cannot hold this name' },
  { id: 'remote.io', text: /Input\/output error|Stale file handle/, kind: 'unknown', hint: 'The disk at {target} has errors: look at dmesg there' },
  { id: 'remote.missing', text: /No such file or directory|nonexistent directory|can't cd to|Not a directory/, kind: 'config', hint: '{path} does not exist at {target}. It is never created, because an unmounted disk must not be filled: mount it, or mkdir it there' },
  { id: 'remote.no-shell', codes: [126, 127], kind: 'config', hint: 'The account at {target} needs an ordinary login shell and sh' },
];
