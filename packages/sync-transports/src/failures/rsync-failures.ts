import type { FailureRule } from './failure-rule.ts';

const NOISY_SHELL = 'The login shell at {target} prints something when it is started without a terminal; rsync takes that for data. Move it out of ~/.bashrc (or the like), or behind: case $- in *i*) … esac. Test: ssh {target} true prints nothing';
const NO_SPACE = 'Free space at {target}, in {path}; the push then goes on where it stopped';
const NO_RSYNC_THERE = 'Install rsync on the destination {target}: sudo apt-get install rsync (or that system\'s way); or name where it is with PATH in that account\'s shell';
const NOT_RUNNABLE_THERE = 'rsync at {target} is there but cannot be run: look at its permissions';
const NO_WRITE_THERE = 'The account at {target} may not write in {path}: give it the folder (chown), or log in as its owner';
const MOUNT_HINT = '{path} at {target} is mounted read-only; a disk with errors is remounted so: look at dmesg there';
const READ_HERE = 'This user may not read that file of the source; make it readable, or run as its owner';

/** Codes with which rsync ends when the connection or the remote shell, not rsync, failed. */
export const RSYNC_CONNECTION_CODES: readonly number[] = [10, 12, 14, 20, 30, 35, 124, 125, 255];

/**
 * Text that decides whatever the code is. A full disk stands first: rsync prints `Broken pipe` after it (failures.md).
 * Role words in brackets (`[sender]`, `[receiver]`, `[generator]`) are rsync's since 3.1; the sender is this machine.
 */
export const RSYNC_TEXT_FAILURES: readonly FailureRule[] = [
  { id: 'rsync.replaced', text: /^longhaul: this push has been replaced/, kind: 'interrupted', hint: null },
  { id: 'rsync.no-space', text: /No space left on device/, kind: 'no_space', hint: NO_SPACE },
  { id: 'rsync.quota', text: /Disk quota exceeded/i, kind: 'no_space', hint: 'The account at {target} has used up its quota' },
  { id: 'rsync.read-only', text: /Read-only file system/, kind: 'config', hint: MOUNT_HINT },
  { id: 'rsync.too-large', text: /File too large/, kind: 'config', hint: 'The file system of {path} cannot hold a file of this size (FAT: 4 GiB)' },
  { id: 'rsync.name', text: /\[(?:receiver|generator)\].*(?:File name too long|Illegal byte sequence|Invalid or incomplete multibyte|Invalid argument \(22\))/i, kind: 'config', hint: 'The file system of {path} cannot hold this name' },
  { id: 'rsync.daemon-auth', text: /@ERROR: auth failed/, kind: 'auth', hint: null },
  { id: 'rsync.daemon-module', text: /@ERROR: Unknown module/i, kind: 'config', hint: null },
  { id: 'rsync.daemon-busy', text: /@ERROR: max connections/, kind: 'throttled', hint: null },
  { id: 'rsync.noisy-shell', text: /is your shell clean\?/, kind: 'config', hint: NOISY_SHELL },
  { id: 'rsync.no-ssh', text: /Failed to exec (?:\S*\/)?ssh\b/, kind: null, hint: 'ssh is missing on this machine: sudo apt-get install openssh-client' },
  { id: 'rsync.not-runnable-there', codes: [12, 14, 126], text: /^(?:\S*\/)?-?\w*sh: .*Permission denied$/, kind: 'config', hint: NOT_RUNNABLE_THERE },
  { id: 'rsync.absent-there', codes: [12, 14, 126, 127], text: /rsync\S*: (?:command )?not found|rsync: No such file or directory|command not found: rsync|Unknown command.*rsync/, kind: null, hint: NO_RSYNC_THERE },
  { id: 'rsync.option-here', text: /(?:unknown|unrecognized|invalid|illegal) option|not supported by this rsync/i, kind: 'config', hint: 'rsync on one of the two sides is too old (or not the real one, as on macOS): 3.1 or newer is needed' },
];

/**
 * The lines of a partial transfer (23) and of the errors that end one (3, 11): each line is looked at by itself, and the
 * most severe kind is taken (see {@link RSYNC_SEVERITY}).
 */
export const RSYNC_LINE_FAILURES: readonly FailureRule[] = [
  ...RSYNC_TEXT_FAILURES,
  { id: 'rsync.verification-repeated', text: /failed verification -- update (?:discarded|put into partial-dir|retained).*\(will try again\)/, kind: 'warning', hint: null },
  { id: 'rsync.verification', text: /failed verification/, kind: 'hash_mismatch', hint: null },
  { id: 'rsync.chown', text: /(?:chown|chgrp|lchown) .* failed: Operation not permitted|failed to set (?:owner|group)/, kind: 'warning', hint: null },
  { id: 'rsync.source-unreadable', text: /\[sender\].*Permission denied|send_files failed to open .*Permission denied|opendir .* failed: Permission denied/, kind: 'permission', hint: READ_HERE },
  { id: 'rsync.permission', text: /Permission denied|Operation not permitted/, kind: 'permission', hint: NO_WRITE_THERE },
  { id: 'rsync.destination-missing', text: /\[Receiver\].*No such file or directory|\b(?:mkdir|mkstemp|rename|stat) .*No such file or directory/i, kind: 'config', hint: 'A folder at {target} is missing; is {path} mounted there?' },
  { id: 'rsync.source-vanished', text: /(?:link_stat|change_dir|readlink_stat|send_files failed to open|opendir) .*(?:No such file or directory|Stale file handle)/, kind: 'local_file_vanished', hint: 'A sealed file is gone from the source; push again to seal what is there now' },
  { id: 'rsync.vanished', text: /file has vanished:/, kind: 'source_changed', hint: null },
  { id: 'rsync.make-way', text: /could not make way for|cannot delete non-empty directory/, kind: 'unknown', hint: 'Something stands in the way in the staging folder below {path}; retry, or cancel the job to have it cleared' },
  { id: 'rsync.io', text: /Input\/output error/, kind: 'unknown', hint: 'A disk has read or write errors; the line says on which side. Look at dmesg there' },
  { id: 'rsync.summary', text: /^rsync error: |^rsync: (?:\[\w+\] )?(?:connection unexpectedly closed|read error|write error)|^IO error encountered|^Transfer .* aborted|delete skipped|skipping file deletion/, kind: 'warning', hint: null },
];

/** Which kind wins where several lines speak: what blocks everything first, what heals by itself last. */
export const RSYNC_SEVERITY = ['interrupted', 'no_space', 'config', 'permission', 'local_file_vanished', 'hash_mismatch', 'source_changed', 'unknown'] as const;

/** Exit codes, where no text has decided. */
export const RSYNC_CODE_FAILURES: readonly FailureRule[] = [
  { id: 'rsync.1', codes: [1], kind: 'config', hint: 'rsync did not understand how it was called: 3.1 or newer is needed on both sides' },
  { id: 'rsync.2', codes: [2], kind: 'config', hint: NOISY_SHELL },
  { id: 'rsync.3-missing', codes: [3], when: 'sourceMissing', kind: 'local_file_vanished', hint: 'The source is gone; push again when it is back' },
  { id: 'rsync.3', codes: [3], kind: 'config', hint: 'rsync could not enter a folder; the line says which' },
  { id: 'rsync.4', codes: [4], kind: 'config', hint: 'rsync at {target} does not support what was asked: 3.1 or newer is needed' },
  { id: 'rsync.5', codes: [5, 6], kind: 'config', hint: null },
  { id: 'rsync.stuck', codes: [12, 30], when: 'stuckAtOneFile', kind: 'unknown', hint: 'The connection broke at this same file three times, so it is hardly the network: look at that file and at the log of sshd and the kernel at {target}' },
  { id: 'rsync.network', codes: [10, 12, 30, 35], kind: 'network', hint: null },
  { id: 'rsync.11', codes: [11], kind: 'unknown', hint: null },
  { id: 'rsync.internal', codes: [13, 14, 15, 16, 21, 22], kind: 'unknown', hint: null },
  { id: 'rsync.signal', codes: [19, 20, 129, 130, 131, 137, 143], kind: 'interrupted', hint: null },
  { id: 'rsync.24-missing', codes: [24], when: 'sourceMissing', kind: 'local_file_vanished', hint: 'A sealed file is gone from the source; push again to seal what is there now' },
  { id: 'rsync.24', codes: [24], kind: 'source_changed', hint: null },
  { id: 'rsync.25', codes: [25], kind: 'config', hint: null },
  { id: 'rsync.124', codes: [124], kind: 'network', hint: null },
  { id: 'rsync.125', codes: [125], kind: 'interrupted', hint: null },
  { id: 'rsync.126', codes: [126], kind: 'config', hint: NOT_RUNNABLE_THERE },
  { id: 'rsync.127', codes: [127], kind: null, hint: NO_RSYNC_THERE },
  { id: 'rsync.255-silent', codes: [255], kind: 'unknown', hint: 'The command at {target} was ended by a signal, without a word: look at the kernel log there (out of memory?)' },
];
