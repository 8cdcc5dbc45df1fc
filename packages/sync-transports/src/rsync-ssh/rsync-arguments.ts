import type { RawPath } from '../raw-path.ts';

/** How one push calls rsync. */
export interface RsyncCall {
  /** ssh and its arguments, without the target. */
  readonly ssh: readonly string[];
  readonly target: string;
  /** Folders at the destination, absolute. */
  readonly tree: string;
  readonly partialDir: string;
  readonly receivingDir: string;
  /** An earlier generation to hard-link unchanged files from; absolute. */
  readonly linkDest?: string;
  /** rsync there, where the account's PATH does not find it. */
  readonly rsyncThere?: string;
  /** Bytes per second. */
  readonly bandwidth?: number;
  /** Whether equal size and mtime count as equal: not in a repeat after a hash mismatch (design §5.4). */
  readonly unchanged: 'by-time' | 'by-content';
  /** The source's folder, or `.` for the working directory. */
  readonly source: string;
}

/** Seconds without a byte in either direction after which both sides give up: the other one notices a connection that died silently, too. */
const IO_TIMEOUT = 180;

/**
 * rsync's arguments (design §5.2). `--files-from` names every entry as `./name`, folders and symlinks too; `.` and `-r` would
 * send what was never sealed. `--no-implied-dirs`: or the tree's own folder would get the source's mode. `-s`: the path
 * is data, no remote shell expands it. `--force`: a folder of an earlier seal gives way to a file of this one.
 */
export function rsyncArguments(call: RsyncCall, sshCommand: string): readonly string[] {
  const { target, tree, partialDir, receivingDir, linkDest, rsyncThere, bandwidth, unchanged, source } = call;
  return [
    '-aHS',
    '-s',
    '--from0',
    '--files-from=-',
    '--no-implied-dirs',
    '--force',
    `--partial-dir=${partialDir}`,
    `--temp-dir=${receivingDir}`,
    `--timeout=${String(IO_TIMEOUT)}`,
    ...(linkDest === undefined ? [] : [`--link-dest=${linkDest}`]),
    ...(unchanged === 'by-content' ? ['--ignore-times'] : []),
    ...(bandwidth === undefined ? [] : [`--bwlimit=${String(kibPerSecond(bandwidth))}`]),
    ...(rsyncThere === undefined ? [] : [`--rsync-path=${rsyncThere}`]),
    '--info=progress2,stats1',
    '--no-h',
    '--outbuf=N',
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

/** rsync's unit is KiB/s, whole ones; 0 would be no limit at all. Rounded down: a limit is a limit. */
export function kibPerSecond(bytesPerSecond: number): number {
  return Math.max(1, Math.floor(bytesPerSecond / 1024));
}

/** What rsync reads on stdin: the entries, each as `./name` and NUL. A bare name that begins with `#` or `;` would be dropped in silence. */
export function filesFrom(paths: readonly RawPath[]): Buffer {
  return Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1');
}

/** The address of an IPv6 host has colons, and rsync takes what is behind the first one for the path. */
function bracketed(target: string): string {
  const at = target.lastIndexOf('@');
  const host = target.slice(at + 1);
  return host.includes(':') && !host.startsWith('[') ? `${target.slice(0, at + 1)}[${host}]` : target;
}
