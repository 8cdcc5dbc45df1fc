import type { RunStore, SessionBackend, SessionSpec } from '@longhaul/sessions';

/** A backend under test with records of its own. Disposing of it ends all it has started. */
export interface SessionBackendSubject extends AsyncDisposable {
  readonly backend: SessionBackend;
  readonly runs: RunStore;
  /** A complete spec for `argv`, which this backend can run. `sh`, `sleep` and `printf` are there. */
  spec(name: string, argv: readonly string[], more?: Partial<SessionSpec>): SessionSpec;
  /** Another backend on the same records, as another process would make it. */
  reopen(): Promise<SessionBackend>;
}

/** What {@link describeSessionBackend} needs to know. */
export interface SessionBackendSuite {
  /** Title of the suite. */
  readonly name: string;
  /** A subject for one test. */
  readonly create: () => Promise<SessionBackendSubject>;
  /** Whether the sessions' jobs have a terminal that text can be sent to. */
  readonly terminal: 'yes' | 'no';
  /** What this backend can do beyond the rest; everything where it is not given. */
  readonly features?: SessionBackendFeatures;
}

/** Parts of the suite that a backend may leave out. */
export interface SessionBackendFeatures {
  /** Restart policies without a server (design §4.6). */
  readonly restart: 'yes' | 'no';
}
