import type { AttachCommand, BackendKind, BackendProbe, LogChunk, Presence, RunDirectory, SessionBackend, SessionListing, SessionSpec, SessionStatus, StopReport } from '../../src/index.ts';
import { EMPTY_STATUS } from '../../src/index.ts';
import { play } from './logs.ts';

/** A session that was made by hand. */
export function foreignStatus(name: string, changes: Partial<SessionStatus> = {}): SessionStatus {
  return {
    ...EMPTY_STATUS,
    name,
    backend: 'tmux',
    state: 'running',
    terminal: 'detached',
    pid: 1,
    windowCount: 1,
    socketName: 'default',
    managed: false,
    ...changes,
  };
}

/** A backend of which a test says what it knows and how it fails; what is asked of it is written down. */
export class FakeBackend implements SessionBackend {
  readonly kind: BackendKind;
  readonly calls: string[] = [];
  sessions: SessionStatus[] = [];
  /** Thrown by everything but dispose. */
  failure: Error | null = null;
  /** What `start` does to the run's folder; the default makes this process its job. */
  onStart: (run: RunDirectory, spec: SessionSpec) => void = play;

  constructor(kind: BackendKind, sessions: readonly string[] = []) {
    this.kind = kind;
    this.sessions = sessions.map((name) => foreignStatus(name, { backend: kind }));
  }

  start(spec: SessionSpec, run: RunDirectory): Promise<SessionStatus> {
    return this.#answer(`start ${spec.name}`, () => {
      this.onStart(run, spec);
      return foreignStatus(spec.name, { backend: this.kind, managed: true, runId: run.runId });
    });
  }

  stop(name: string): Promise<StopReport> {
    return this.#answer(`stop ${name}`, () => ({ step: 'signal', signalled: [1], killed: [], status: this.#find(name) ?? foreignStatus(name) }));
  }

  status(name: string): Promise<Presence> {
    return this.#answer(`status ${name}`, () => {
      const status = this.#find(name);
      return status === undefined ? { kind: 'absent' } : { kind: 'present', status };
    });
  }

  list(): Promise<SessionListing> {
    return this.#answer('list', () => ({ sessions: this.sessions, unavailable: null }));
  }

  async *logs(name: string): AsyncGenerator<LogChunk> {
    yield await this.#answer(`logs ${name}`, () => ({ bytes: Buffer.from('foreign\n'), stream: 'terminal', endOffset: 8 }));
  }

  attach(name: string): Promise<AttachCommand> {
    return this.#answer(`attach ${name}`, () => ({ program: 'tmux', args: ['attach'], env: {} }));
  }

  send(name: string): Promise<void> {
    return this.#answer(`send ${name}`, () => undefined);
  }

  exec(name: string): Promise<AttachCommand> {
    return this.#answer(`exec ${name}`, () => ({ program: 'sh', args: [], env: {} }));
  }

  remove(name: string): Promise<void> {
    return this.#answer(`remove ${name}`, () => undefined);
  }

  probe(): Promise<BackendProbe> {
    return this.#answer('probe', () => ({ kind: this.kind, program: this.kind, version: '1' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.calls.push('dispose');
    return Promise.resolve();
  }

  #find(name: string): SessionStatus | undefined {
    return this.sessions.find((status) => status.name === name);
  }

  async #answer<T>(call: string, answer: () => T): Promise<T> {
    this.calls.push(call);
    if (this.failure !== null) throw this.failure;
    return Promise.resolve(answer());
  }
}
