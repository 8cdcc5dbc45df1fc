import type { LogOptions, RunDirectory, SessionBackend, SessionSpec, SessionStatus } from '@longhaul/sessions';
import { newRunId } from '@longhaul/sessions';

import { eventually } from './eventually.ts';
import type { SessionBackendSubject } from './session-backend-subject.ts';

/** What the tests of the suite do with a subject. */
export class SessionBench {
  readonly #subject: SessionBackendSubject;

  constructor(subject: SessionBackendSubject) {
    this.#subject = subject;
  }

  get backend(): SessionBackend {
    return this.#subject.backend;
  }

  /** Claims, prepares and starts, as the manager does; gives the name back where that fails. */
  async start(name: string, argv: readonly string[], more: Partial<SessionSpec> = {}): Promise<{ readonly run: RunDirectory; readonly status: SessionStatus }> {
    const { runs, backend } = this.#subject;
    const spec = this.#subject.spec(name, argv, more);
    const claim = await runs.claim(spec.name, newRunId(), { backend: spec.backend });
    const run = await runs.prepare(spec, claim);
    try {
      return { run, status: await backend.start(spec, run) };
    } catch (error) {
      await runs.release(claim);
      throw error;
    }
  }

  async status(name: string): Promise<SessionStatus> {
    const presence = await this.backend.status(name);
    if (presence.kind === 'present') return presence.status;
    throw new Error(`session "${name}" is ${presence.kind}`);
  }

  /** Its status once it is over. */
  async end(name: string): Promise<SessionStatus> {
    return eventually(`the end of "${name}"`, async () => {
      const status = await this.status(name);
      return status.state === 'exited' || status.state === 'stopped' ? status : null;
    });
  }

  /** Everything it has printed, lines ended by a newline alone: a terminal writes CR LF. */
  async log(name: string, options: LogOptions = {}): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const { bytes } of this.backend.logs(name, options)) chunks.push(bytes);
    return Buffer.concat(chunks).toString('utf8').replaceAll('\r\n', '\n');
  }

  /** Its log once it has this text. */
  async logHas(name: string, text: string): Promise<string> {
    return eventually(`"${text}" in the log of "${name}"`, async () => {
      const log = await this.log(name);
      return log.includes(text) ? log : null;
    });
  }
}

/** A program of one line for sh. */
export function sh(script: string, ...args: readonly string[]): readonly string[] {
  return ['sh', '-c', script, 'sh', ...args];
}
