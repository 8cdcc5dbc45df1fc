import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { findProgram, waitFor } from '@longhaul/testbed';
import { afterAll, beforeAll } from 'vitest';

/** Which step of a process is held. */
export interface GatePoint {
  /** For the name of a test. */
  readonly name: string;
  /** System calls of the worker itself: by their name in node:fs, and what their paths (NUL between them) look like. */
  readonly call?: readonly [name: string, match: RegExp];
  /** Programs that sshd starts, whichever comes first: by name, and a sh pattern for their arguments. */
  readonly program?: readonly [names: readonly string[], pattern: string];
  readonly when: 'before' | 'after';
}

/**
 * Holds a real process at one exact step, without a hook in the product: in the worker a system call is stopped by a preloaded module, at the
 * destination a program is, by a wrapper that comes first in PATH. What is held waits in the open(2) of a FIFO.
 */
export class Gate {
  readonly folder: string;

  /** In a folder that exists and is empty. */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(this.bin);
    execFileSync('mkfifo', [path.join(folder, 'fifo')]);
  }

  /** Wrappers of programs, to be put first into the PATH of a remote side. */
  get bin(): string {
    return path.join(this.folder, 'bin');
  }

  /** Arms it; an earlier point is forgotten. */
  arm({ call, program, when }: GatePoint): void {
    this.disarm();
    if (call !== undefined) writeFileSync(path.join(this.folder, 'call.json'), JSON.stringify({ call: call[0], match: call[1].source, when }));
    const [names = [], pattern = ''] = program ?? [];
    for (const name of names) writeFileSync(path.join(this.bin, name), wrapper(this.folder, { program: name, pattern, when }), { mode: 0o755 });
  }

  /** Everything passes from now on; what is held already stays held. */
  disarm(): void {
    rmSync(this.#reached, { force: true });
    rmSync(path.join(this.folder, 'call.json'), { force: true });
    rmSync(this.bin, { recursive: true, force: true });
    mkdirSync(this.bin);
  }

  get #reached(): string {
    return path.join(this.folder, 'reached');
  }

  /** For the environment of a worker whose own calls are held. */
  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--import=${pathToFileURL(path.join(import.meta.dirname, 'sync-gate-preload.ts')).href}`, LONGHAUL_TEST_GATE: this.folder };
  }

  /** The pid of what is held: the worker, or the parent of the held program (the remote script). */
  async reached(): Promise<number> {
    await waitFor(() => this.isReached(), { what: 'the step that is held', deadline: 40_000 });
    return Number(readFileSync(this.#reached, 'utf8'));
  }

  /** Whether something is held, or was since the gate was armed. */
  isReached(): boolean {
    return existsSync(this.#reached) && readFileSync(this.#reached, 'utf8').endsWith('\n');
  }

  /** Lets what is held go on, and holds the next one that comes by. */
  async openForNext(): Promise<void> {
    rmSync(this.#reached);
    await this.release();
  }

  /** Lets what is held go on. */
  async release(): Promise<void> {
    // It says that it is there a moment before it waits.
    await waitFor(() => this.open(), { what: 'what is held' });
  }

  /** The same, for the end of a test. Gives whether anything waited. */
  open(): boolean {
    try {
      closeSync(openSync(path.join(this.folder, 'fifo'), constants.O_WRONLY | constants.O_NONBLOCK));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false;
      throw error;
    }
  }
}

/** A gate for all tests of a file, or of a describe. */
export function gateForFile(): () => Gate {
  let gate: Gate | null = null;
  beforeAll(() => {
    gate = new Gate(mkdtempSync(path.join(tmpdir(), 'lh-gate-')));
  });
  afterAll(() => {
    gate?.open();
    if (gate !== null) rmSync(gate.folder, { recursive: true, force: true });
  });
  return () => {
    if (gate === null) throw new Error('there is no gate outside of a test');
    return gate;
  };
}

function wrapper(folder: string, { program, pattern, when }: { readonly program: string; readonly pattern: string; readonly when: 'before' | 'after' }): string {
  const real = findProgram(program) ?? program;
  const hold = `case "$*" in
${pattern.replaceAll(' ', '\\ ')})
  if (set -C; echo "$PPID" >'${folder}/reached') 2>/dev/null; then read -r x <'${folder}/fifo'; fi ;;
esac`;
  return when === 'before' ? `#!/bin/sh\n${hold}\nexec ${real} "$@"\n` : `#!/bin/sh\n${real} "$@"\ncode=$?\n${hold}\nexit "$code"\n`;
}
