import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import type { WriteStream } from 'node:tty';

/** A terminal's size in cells. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The size of the terminal that a process has, or null where it has none or that cannot be seen. Linux only; the terminal of a
 * container is in a file system of its own and is not found.
 */
export function terminalSize(pid: number): TerminalSize | null {
  const path = process.platform === 'linux' ? terminalPath(pid) : null;
  if (path === null) return null;
  let fd: number;
  try {
    // NOCTTY: to look at a terminal must not make it ours. NONBLOCK: one that nobody serves must not hold us.
    fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch {
    // Gone since, or another user's.
    return null;
  }
  return sizeOf(fd);
}

function sizeOf(fd: number): TerminalSize | null {
  let terminal: WriteStream;
  try {
    // Looked up here: every command line would load the module, and few ask for a size.
    terminal = new (process.getBuiltinModule('node:tty').WriteStream)(fd);
  } catch {
    closeSync(fd);
    return null;
  }
  const [columns, rows] = terminal.getWindowSize();
  // It owns the descriptor from here on.
  terminal.destroy();
  return columns > 0 && rows > 0 ? { columns, rows } : null;
}

/** `/dev/pts/N` of a process whose terminal is a pseudo-terminal. */
function terminalPath(pid: number): string | null {
  try {
    return pseudoTerminalPath(readFileSync(`/proc/${String(pid)}/stat`, 'latin1'));
  } catch {
    // The process is gone.
    return null;
  }
}

/** Field 7 of /proc/PID/stat packs major and minor number of the terminal (proc(5)); 136 is the major number of pseudo-terminals. */
export function pseudoTerminalPath(stat: string): string | null {
  const device = Number(stat.slice(stat.lastIndexOf(')') + 1).trim().split(/\s+/)[4]);
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major === 136 ? `/dev/pts/${String(minor)}` : null;
}
