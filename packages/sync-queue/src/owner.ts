/** Which process holds a lease: a dead one on this host is proven dead, never guessed (design §5.5). */
export interface Owner {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  readonly processStartTime: string;
}

/** Whether an owner still runs. `unknown`: on another host, or the system does not tell; its lease decides then. */
export type OwnerLiveness = 'alive' | 'dead' | 'unknown';

/** Who we are, and whether another still lives. Host supplies it; the queue knows no processes. */
export interface Owners {
  readonly self: Owner;
  isAlive(owner: Owner): OwnerLiveness;
}

/** A process that a worker started for a job, and where it ran: pid and start time, because pids are given away again. */
export interface ChildProcess {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  readonly startTime: string;
}

/**
 * Ends a process that a dead worker left behind, with all it started, and returns when it is gone.
 * A process that is gone already, or whose pid belongs to another by now, is no error.
 */
export type EndProcess = (process: { readonly pid: number; readonly startTime: string }) => Promise<void>;
