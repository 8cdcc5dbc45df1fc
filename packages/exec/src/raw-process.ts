import type { Readable, Writable } from 'node:stream';

/** A process as the supervisor needs it: the real one comes from execa, the scripted one from a test. */
export interface RawProcess {
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Settles when the process itself has ended; its outputs may still be open. */
  readonly exited: Promise<RawExit>;
  /** To the process, and to its group where it has one of its own. */
  kill(signal: NodeJS.Signals): boolean;
  /** Whether anything that `kill` reaches still runs. */
  isAlive(): boolean;
}

export interface RawExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Nothing was started. */
export type RawFailure = { readonly kind: 'notFound' } | { readonly kind: 'spawnFailed'; readonly errno: string; readonly reason: string };
