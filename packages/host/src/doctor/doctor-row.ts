/**
 * How a check came out. `problem`: something will not work or will be lost. `warning`: it works, and somebody should know.
 * `unknown`: it could not be found out, which is no `ok`.
 */
export type DoctorState = 'ok' | 'warning' | 'problem' | 'unknown';

/** One row of `longhaul doctor`. */
export interface DoctorRow {
  /** Stable: programs may switch on it. */
  readonly check: string;
  readonly state: DoctorState;
  /** What is there, and what it means. One sentence or two. */
  readonly found: string;
  /** What helps: a command wherever there is one. null where nothing is needed. */
  readonly fix: string | null;
}

/** Something that was looked for: its value, or why it could not be told. */
export type Fact<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly reason: string };

export function known<T>(value: T): Fact<T> {
  return { known: true, value };
}

export function notKnown(reason: string): { readonly known: false; readonly reason: string } {
  return { known: false, reason };
}

/** Everything is as it should be. */
export function fine(check: string, found: string): DoctorRow {
  return { check, state: 'ok', found, fix: null };
}

export function warning(check: string, found: string, fix: string | null): DoctorRow {
  return { check, state: 'warning', found, fix };
}

export function problem(check: string, found: string, fix: string | null): DoctorRow {
  return { check, state: 'problem', found, fix };
}

/** A row whose fact could not be told. */
export function unknownRow(check: string, { reason }: { readonly reason: string }, fix: string | null = null): DoctorRow {
  return { check, state: 'unknown', found: reason, fix };
}
