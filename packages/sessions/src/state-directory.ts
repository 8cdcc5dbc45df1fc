import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import { isErrno } from './errno.ts';
import type { RunDirectory } from './run-directory.ts';
import { envFileOf } from './run-directory.ts';
import { STATE_FOLDERS } from './run-files.ts';
import type { RunId } from './run-record.ts';
import type { SessionName } from './session-name.ts';

const PRIVATE = 0o700;

/** Where everything lies below `<state>` (design §4.2), and the one place that makes sure that it is private. */
export class StateDirectory {
  readonly path: string;
  #checked: boolean = false;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get sessions(): string {
    return join(this.path, STATE_FOLDERS.sessions);
  }

  get runs(): string {
    return join(this.path, STATE_FOLDERS.runs);
  }

  /** Markers of runs that ended. */
  get ended(): string {
    return join(this.path, STATE_FOLDERS.ended);
  }

  /** Markers of runs whose outputs are not in the queue yet. */
  get outputs(): string {
    return join(this.path, STATE_FOLDERS.outputs);
  }

  session(name: SessionName): string {
    return `${this.path}/${STATE_FOLDERS.sessions}/${name}`;
  }

  claims(name: SessionName): string {
    return `${this.path}/${STATE_FOLDERS.sessions}/${name}/claims`;
  }

  run(runId: RunId, session: SessionName): RunDirectory {
    const place = { runId, session, stateDir: this.path };
    return { ...place, path: this.runPath(runId), envFile: envFileOf(place, runId) };
  }

  runPath(runId: RunId): string {
    return `${this.path}/${STATE_FOLDERS.runs}/${runId}`;
  }

  /**
   * Makes it and its folders, 0700, and narrows it where it is ours and wider.
   *
   * @throws SessionConfigError when it is another user's, or no directory
   */
  create(): void {
    if (this.#checked) return;
    mkdirSync(this.path, { recursive: true, mode: PRIVATE });
    this.#check();
    for (const folder of [this.sessions, this.runs, this.ended, this.outputs]) mkdirSync(folder, { recursive: true, mode: PRIVATE });
    this.#checked = true;
  }

  /**
   * The same check before anything is read from it. False where it does not exist yet.
   *
   * @throws SessionConfigError when it is another user's, or no directory
   */
  exists(): boolean {
    if (this.#checked) return true;
    try {
      this.#check();
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
    return true;
  }

  #check(): void {
    const found = statSync(this.path);
    const shown = JSON.stringify(this.path);
    if (!found.isDirectory()) throw new SessionConfigError(`the state directory ${shown} is not a directory`, { hint: 'Choose another one: LONGHAUL_STATE_DIR' });
    if (found.uid !== process.geteuid?.()) {
      // Its owner could put records there that make us signal our own processes.
      throw new SessionConfigError(`the state directory ${shown} belongs to another user (uid ${found.uid})`, { hint: 'Choose one of your own: LONGHAUL_STATE_DIR' });
    }
    if ((found.mode & 0o077) !== 0) chmodSync(this.path, PRIVATE);
  }
}
