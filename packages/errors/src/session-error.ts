import { ErrorCode } from './error-code.ts';
import type { LonghaulErrorInit, LonghaulErrorOptions } from './longhaul-error.ts';
import { OpsError } from './ops-error.ts';
import { redact } from './redact.ts';

/** An error about one session by its name. */
export class SessionError extends OpsError {
  /** The name of the session; `name` itself stays the class name, as in every Error. */
  readonly sessionName: string;

  constructor(sessionName: string, message: string, init: LonghaulErrorInit) {
    super(message, { ...init, context: { session: sessionName, ...init.context } });
    this.sessionName = sessionName;
  }
}

/** The name is taken: by a session of ours, or by one that was made by hand. */
export class SessionExistsError extends SessionError {
  readonly backend: string;

  constructor(name: string, backend: string, options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? `Choose another name, come back to it with \`longhaul attach ${name}\`, or end it with \`longhaul stop ${name}\``;
    super(name, `session "${name}" already exists (${backend})`, {
      ...options,
      code: ErrorCode.SESSION_EXISTS,
      hint,
      context: { backend, ...options.context },
    });
    this.backend = backend;
  }
}

/** There is no session of this name; said only where every backend that was asked answered. */
export class SessionNotFoundError extends SessionError {
  readonly backend: string;

  constructor(name: string, backend: string, options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? 'See what is there: longhaul list';
    super(name, `session "${name}" was not found (${backend})`, {
      ...options,
      code: ErrorCode.SESSION_NOT_FOUND,
      hint,
      context: { backend, ...options.context },
    });
    this.backend = backend;
  }
}

type Failure = 'SESSION_START' | 'SESSION_ATTACH' | 'SESSION_STOP';

const FAILURES: Readonly<Record<Failure, (name: string, backend: string, reason: string) => string>> = {
  SESSION_START: (name, backend, reason) => `session "${name}" could not be started (${backend}): ${reason}`,
  // Who wanted to run or type something there has attached to nothing.
  SESSION_ATTACH: (name, backend, reason) => (reason === ENDED ? `session "${name}" (${backend}) has ended` : `could not attach to session "${name}" (${backend}): ${reason}`),
  SESSION_STOP: (name, backend, reason) => `session "${name}" could not be stopped (${backend}): ${reason}`,
};

const ENDED = 'it has ended';

/** What the three failures of an action on a session share. Not exported: users catch the classes below or SessionError. */
class SessionActionError extends SessionError {
  readonly backend: string;
  /** What went wrong, in one sentence, without secrets. */
  readonly reason: string;

  constructor(code: Failure, { name, backend, reason }: { name: string; backend: string; reason: string }, options: LonghaulErrorOptions) {
    super(name, FAILURES[code](name, backend, reason), { ...options, code, context: { backend, reason, ...options.context } });
    this.backend = backend;
    this.reason = redact(reason, options.secrets);
  }
}

/** The backend's command that makes a session failed, or the job could not be run. */
export class SessionStartError extends SessionActionError {
  constructor(name: string, backend: string, reason: string, options: LonghaulErrorOptions = {}) {
    super(ErrorCode.SESSION_START, { name, backend, reason }, options);
  }
}

/** No terminal could be connected: the session has none (any more), or the caller has none. */
export class SessionAttachError extends SessionActionError {
  constructor(name: string, backend: string, reason: string, options: LonghaulErrorOptions = {}) {
    super(ErrorCode.SESSION_ATTACH, { name, backend, reason }, options);
  }

  /** Of a session of ours that is over: says what can still be done with it. */
  static ended(name: string, backend: string): SessionAttachError {
    return new SessionAttachError(name, backend, ENDED, { hint: `Read what it printed: longhaul logs ${name}; run it again: longhaul restart ${name}` });
  }
}

/** The job could not be ended. */
export class SessionStopError extends SessionActionError {
  constructor(name: string, backend: string, reason: string, options: LonghaulErrorOptions = {}) {
    super(ErrorCode.SESSION_STOP, { name, backend, reason }, options);
  }
}

/** More than one backend has a session of this name, so the caller must say which. */
export class SessionAmbiguousError extends SessionError {
  readonly backends: readonly string[];

  constructor(name: string, backends: readonly string[], options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? `Say which one: ${backends.map((backend) => `--backend ${backend}`).join(' or ')}`;
    super(name, `session "${name}" exists in ${backends.join(' and ')}`, {
      ...options,
      code: ErrorCode.SESSION_AMBIGUOUS,
      hint,
      context: { backends, ...options.context },
    });
    this.backends = [...backends];
  }
}
