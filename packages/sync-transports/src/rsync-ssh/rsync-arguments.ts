import type { RawPath } from '../raw-path.ts';
import type { ListedEntry, ListedFile } from '../seal.ts';
import { rawPathBytes } from '../raw-path.ts';
import { printfWord, shellWord } from '../ssh/shell-words.ts';
import { RSYNC_WRAPPER } from './scripts/push-script.ts';

/** How one push calls rsync. */
export interface RsyncCall {
  /** ssh and its arguments, without the target. */
  readonly ssh: readonly string[];
  readonly target: string;
  /** Folders at the destination, absolute. */
  readonly tree: string;
  readonly partialDir: string;
  /** The leave to begin, see RSYNC_WRAPPER. */
  readonly pushDir: string;
  /** An earlier generation to hard-link unchanged files from; absolute. */
  readonly linkDest?: string;
  /** rsync there: its path, or its name where the account's PATH finds it. */
  readonly rsyncThere: string;
  /** Bytes per second. */
  readonly bandwidth?: number;
  /** Whether equal size and mtime count as equal: not in a repeat after a hash mismatch (design §5.4). */
  readonly unchanged: 'by-time' | 'by-content';
  /** What the sealed files need of rsync. */
  readonly carry: Carried;
  /** The source's folder, or `.` for the working directory. */
  readonly source: string;
}

/**
 * Options that cost where nothing needs them: for sparse files rsync writes each KiB by itself (1 GiB: a second of CPU more there, measured),
 * for hard links both sides keep every inode.
 */
export interface Carried {
  readonly holes: 'some' | 'none';
  readonly hardLinks: 'some' | 'none';
}

/** What these entries need. A file that takes less of the disk than its size has holes (or is compressed there; that costs nothing but time). */
export function carriedBy(entries: readonly ListedEntry[]): Carried {
  const files = entries.filter((entry): entry is ListedFile => entry.type === 'file');
  const linked = files.filter(({ nlink }) => nlink > 1).map(({ dev, ino }) => `${String(dev)}:${String(ino)}`);
  return {
    holes: files.some(({ size, allocated }) => allocated < size) ? 'some' : 'none',
    hardLinks: new Set(linked).size < linked.length ? 'some' : 'none',
  };
}

/** Seconds without a byte in either direction after which both sides give up: the other one notices a connection that died silently, too. */
export const IO_TIMEOUT = 180;

/**
 * rsync's arguments (design §5.2). `--files-from` names every entry as `./name`, folders and symlinks too; `.` and `-r` would
 * send what was never sealed. `--no-implied-dirs`: or the tree's own folder would get the source's mode. `-s`: the path
 * is data, no remote shell expands it. `--force`: a folder of an earlier seal gives way to a file of this one.
 */
export function rsyncArguments(call: RsyncCall, sshCommand: string): readonly string[] {
  const { target, tree, partialDir, pushDir, linkDest, rsyncThere, bandwidth, unchanged, carry, source } = call;
  return [
    `-a${carry.hardLinks === 'some' ? 'H' : ''}${carry.holes === 'some' ? 'S' : ''}`,
    '-s',
    '--from0',
    '--files-from=-',
    '--no-implied-dirs',
    '--force',
    `--partial-dir=${partialDir}`,
    `--timeout=${String(IO_TIMEOUT)}`,
    ...(linkDest === undefined ? [] : [`--link-dest=${linkDest}`]),
    ...(unchanged === 'by-content' ? ['--ignore-times'] : []),
    ...(bandwidth === undefined ? [] : [`--bwlimit=${String(kibPerSecond(bandwidth))}`]),
    `--rsync-path=${wrapped(pushDir, rsyncThere)}`,
    '--info=progress2,stats1',
    '--no-h',
    // Lines as they are whole, progress too: by the character it takes three times the calls (20,000 files: 0.2 s).
    '--outbuf=L',
    // Each entry in a line of its own, those that are there already too: that is where the position comes from.
    '--out-format=%i %n',
    '-ii',
    '-e',
    sshCommand,
    '--',
    source,
    `${bracketed(target)}:${tree}/`,
  ];
}

/** Words for the login shell there, whatever it is: nothing in them but what stands in single quotes alike in all of them. */
function wrapped(pushDir: string, rsyncThere: string): string {
  const [wrapper, folder, rsync] = [RSYNC_WRAPPER, pushDir, rsyncThere].map((word) => `'${printfWord(Buffer.from(word))}'`);
  return `sh -c 'w=$1 d=$2 r=$(printf %b "$3"); shift 3; eval "$(printf %b "$w")"' sh ${String(wrapper)} ${String(folder)} ${String(rsync)}`;
}

/** rsync's unit is KiB/s, whole ones; 0 would be no limit at all. Rounded down: a limit is a limit. */
export function kibPerSecond(bytesPerSecond: number): number {
  return Math.max(1, Math.floor(bytesPerSecond / 1024));
}

/** What rsync reads on stdin: the entries, each as `./name` and NUL. A bare name that begins with `#` or `;` would be dropped in silence. */
export function filesFrom(paths: readonly RawPath[]): Buffer {
  return Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1');
}

/** A command in a folder of any name: an argument of Node's is text, so a shell enters it and goes on with `script`, `$@` being `args`. */
export function enteringFolder(root: RawPath, script: string, args: readonly string[]): { readonly program: string; readonly args: readonly string[] } {
  const escaped = printfWord(shellWord(rawPathBytes(root)));
  return { program: 'sh', args: ['-c', `eval "cd -- $(printf %b "$1")" || exit 1\nshift\n${script}`, 'sh', escaped, ...args] };
}

/** The address of an IPv6 host has colons, and rsync takes what is behind the first one for the path. */
export function bracketed(target: string): string {
  const at = target.lastIndexOf('@');
  const host = target.slice(at + 1);
  return host.includes(':') && !host.startsWith('[') ? `${target.slice(0, at + 1)}[${host}]` : target;
}
