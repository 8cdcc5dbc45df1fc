import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { findProgram, runProgram, waitFor } from '@longhaul/testbed';

/** Which step of a process is held. */
export interface GatePoint {
  /** For the name of a test. */
  readonly name: string;
  /** System calls of the worker itself: by their name in node:fs, and what their paths (NUL between them) look like. */
  readonly call?: readonly [name: string, match: RegExp];
  /** Programs that sshd starts: by name, and a sh pattern for their arguments. */
  readonly program?: readonly [name: string, pattern: string];
  readonly when: 'before' | 'after';
}

/**
 * Holds a real process at one exact step, without a hook in the product: in the worker a system call is stopped by a preloaded module, at the
 * destination a program is, by a wrapper that comes first in PATH. What is held waits in the open(2) of a FIFO.
 */
export class Gate {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(path.join(folder, 'bin'), { recursive: true });
  }

  /** Wrappers of programs, to be put first into the PATH of a remote side. */
  get bin(): string {
    return path.join(this.folder, 'bin');
  }

  async makeFifo(): Promise<void> {
    await runProgram('mkfifo', [path.join(this.folder, 'fifo')]);
  }

  /** Arms it; an earlier point is forgotten. */
  arm({ call, program, when }: GatePoint): void {
    this.disarm();
    if (call !== undefined) writeFileSync(path.join(this.folder, 'call.json'), JSON.stringify({ call: call[0], match: call[1].source, when }));
    if (program !== undefined) writeFileSync(path.join(this.bin, program[0]), wrapper(this.folder, { program: program[0], pattern: program[1], when }), { mode: 0o755 });
  }

  /** Everything passes from now on; what is held already stays held. */
  disarm(): void {
    rmSync(path.join(this.folder, 'reached'), { force: true });
    rmSync(path.join(this.folder, 'call.json'), { force: true });
    rmSync(this.bin, { recursive: true, force: true });
    mkdirSync(this.bin);
  }

  /** For the environment of a worker whose own calls are held. */
  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--import=${pathToFileURL(path.join(import.meta.dirname, 'sync-gate-preload.ts')).href}`, LONGHAUL_TEST_GATE: this.folder };
  }

  /** The pid of what is held: the worker, or the parent of the held program (the remote script). */
  async reached(): Promise<number> {
    const file = path.join(this.folder, 'reached');
    return await waitFor(() => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : null), { what: 'the step that is held', deadline: 40_000 });
  }

  /** Lets what is held go on. Harmless when nothing is. */
  open(): void {
    try {
      closeSync(openSync(path.join(this.folder, 'fifo'), constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      // Nobody reads: nothing is held (any more).
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
  }
}

function wrapper(folder: string, { program, pattern, when }: { readonly program: string; readonly pattern: string; readonly when: 'before' | 'after' }): string {
  const real = findProgram(program) ?? program;
  const hold = `case "$*" in
${pattern})
  if (set -C; echo "$PPID" >'${folder}/reached') 2>/dev/null; then read -r x <'${folder}/fifo'; fi ;;
esac`;
  return when === 'before' ? `#!/bin/sh\n${hold}\nexec ${real} "$@"\n` : `#!/bin/sh\n${real} "$@"\ncode=$?\n${hold}\nexit "$code"\n`;
}
