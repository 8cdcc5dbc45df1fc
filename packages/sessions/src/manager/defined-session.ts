import type { BackendKind } from '../session-spec.ts';
import type { SessionStatus } from '../session-status.ts';
import { EMPTY_STATUS } from '../session-status.ts';

/** A session that a configuration describes: it can be started by its name. */
export interface DefinedSession {
  readonly name: string;
  readonly backend: BackendKind;
  readonly command: readonly string[];
  /** null: that of whoever starts it. */
  readonly workingDir: string | null;
  /** null under tmux. */
  readonly image: string | null;
}

/** What there is to say of a session that has no run: it is `defined`, and nothing more. */
export function definedStatus({ name, backend, command, workingDir, image }: DefinedSession): SessionStatus {
  return { ...EMPTY_STATUS, name, backend, command, workingDir, image, state: 'defined', terminal: 'none' };
}
