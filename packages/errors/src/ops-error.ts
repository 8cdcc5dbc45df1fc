import { ErrorCode } from './error-code.ts';
import { installHint } from './install-hint.ts';
import type { LonghaulErrorOptions } from './longhaul-error.ts';
import { LonghaulError } from './longhaul-error.ts';
import { redact } from './redact.ts';

/** Everything that can go wrong with sessions and the programs that keep them. */
export class OpsError extends LonghaulError {}

/** Options of {@link BackendNotFoundError}: its subclasses name a code and a message of their own. */
export interface BackendNotFoundOptions extends LonghaulErrorOptions {
  readonly code?: ErrorCode | undefined;
  readonly message?: string | undefined;
}

/**
 * A program that is needed is not on PATH. A missing program is a missing file: `errnoCode` is `'ENOENT'`, the value that
 * Node's own errors carry in `code`; `code` itself stays Longhaul's (design §3).
 */
export class BackendNotFoundError extends OpsError {
  readonly errnoCode = 'ENOENT' as const;
  /** The program that was looked for: `tmux`, `podman`, … */
  readonly backend: string;

  constructor(backend: string, options: BackendNotFoundOptions = {}) {
    const { code = ErrorCode.BACKEND_NOT_FOUND, message = `${backend} was not found on PATH` } = options;
    const context = { backend, errno: 'ENOENT', ...options.context };
    super(message, { ...options, code, context, hint: options.hint ?? installHint(backend) });
    this.backend = backend;
  }
}

/** tmux is not on PATH. The hint is the line that installs it here. */
export class TmuxNotFoundError extends BackendNotFoundError {
  constructor(options: LonghaulErrorOptions = {}) {
    super('tmux', { ...options, code: ErrorCode.TMUX_NOT_FOUND });
  }
}

/** Neither podman nor docker is on PATH. */
export class ContainerRuntimeNotFoundError extends BackendNotFoundError {
  constructor(options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? `Install one of them. podman: ${installHint('podman')}; docker: ${installHint('docker')}`;
    super('container', {
      ...options,
      code: ErrorCode.CONTAINER_RUNTIME_NOT_FOUND,
      message: 'no container runtime: neither podman nor docker was found on PATH',
      hint,
    });
  }
}

/**
 * The program is there but cannot be asked, so what it keeps is unknown: not absent, not empty. Nothing destructive may
 * follow from it (design §4.1).
 */
export class BackendUnavailableError extends OpsError {
  readonly backend: string;
  readonly reason: string;

  constructor(backend: string, reason: string, options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? 'Its sessions may well be running. Ask again, or see what it says: longhaul doctor';
    super(`${backend} does not answer: ${reason}`, {
      ...options,
      code: ErrorCode.BACKEND_UNAVAILABLE,
      hint,
      context: { backend, reason, ...options.context },
    });
    this.backend = backend;
    this.reason = redact(reason, options.secrets);
  }
}

/** A spec or a name that cannot be used. */
export class SessionConfigError extends OpsError {
  constructor(message: string, options: LonghaulErrorOptions = {}) {
    super(message, { ...options, code: ErrorCode.SESSION_CONFIG });
  }
}
