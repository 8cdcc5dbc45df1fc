import { BackendUnavailableError, SessionAttachError, SessionNotFoundError, SessionStopError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import type {
  AttachCommand,
  AttachOptions,
  BackendProbe,
  ExecOptions,
  ListOptions,
  LaunchOptions,
  LogChunk,
  LogOptions,
  Presence,
  RunDirectory,
  SendInput,
  SessionBackend,
  SessionListing,
  SessionSpec,
  SessionStatus,
  StopPolicy,
  StopReport,
} from '@longhaul/sessions';
import { asRunId, readRunLog, RunStore, statusFromRun, stopRun } from '@longhaul/sessions';

import { attachCommand, leavingCommand } from './attach-command.ts';
import { execCommand } from './exec-command.ts';
import { captureForeign, stopForeign } from './foreign-session.ts';
import { leaveKeysArgs, parseLeaveKeys } from './leave-keys.ts';
import type { ServerOwner } from './new-session.ts';
import { pasteArgs, sendKeysArgs } from './send-input.ts';
import { listSessions } from './session-list.ts';
import type { LookupContext, PlacedSession } from './session-lookup.ts';
import { findManaged, lookUp, OWN_SOCKET, removeTerminal, requireForeign, requireSession } from './session-lookup.ts';
import { hasTerminal } from './session-terminal.ts';
import { resumeLoop } from './resume-loop.ts';
import { startSession } from './start-session.ts';
import { TmuxClient } from './tmux-client.ts';
import type { TmuxSocket } from './tmux-socket.ts';
import { socketLabel, socketPath } from './tmux-socket.ts';

/** Options of {@link TmuxBackend}. */
export interface TmuxBackendOptions {
  /** The records that decide; or the directory that they are in. */
  readonly runs: RunStore | { readonly stateDir: string };
  /** Where sessions are started. Default: a server of Longhaul's own, `-L longhaul`. */
  readonly socket?: TmuxSocket;
  /** `shared`: the server at `socket` is somebody's, and none of its options are touched. Default `longhaul`. */
  readonly server?: ServerOwner;
  readonly runner?: ProcessRunner;
  /** The caller's environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly launch?: LaunchOptions;
  /** Milliseconds until tmux counts as not answering. Default 5000. */
  readonly answerMs?: number;
  /** Milliseconds until a launcher that says nothing is given up. Default 20 000. */
  readonly startMs?: number;
}

/**
 * Sessions in tmux (design §4.2, 4.3). The run record decides what a job is doing, tmux only what its terminal is. Holds no state
 * and no connection: disposing of it does nothing.
 *
 * Every method throws TmuxNotFoundError where tmux is missing and BackendUnavailableError where it does not answer, except where
 * the record alone gives the answer.
 */
export class TmuxBackend implements SessionBackend {
  readonly kind = 'tmux' as const;
  readonly #runs: RunStore;
  readonly #context: LookupContext;
  readonly #client: TmuxClient;
  readonly #options: TmuxBackendOptions;

  constructor(options: TmuxBackendOptions) {
    // A start has 50 ms in all (design §4.2): too little to load a library for one spawn.
    const { runs, socket = { name: OWN_SOCKET }, runner = systemRunner({ engine: 'node' }), env = process.env, answerMs = 5000 } = options;
    this.#runs = runs instanceof RunStore ? runs : new RunStore(runs);
    this.#client = new TmuxClient({ runner, env, answerMs });
    this.#context = { client: this.#client, runs: this.#runs, socket, env };
    this.#options = options;
  }

  async start(spec: SessionSpec, run: RunDirectory): Promise<SessionStatus> {
    const { server = 'longhaul', launch = {}, startMs = 20_000 } = this.#options;
    const seen = await startSession(spec, run, { ...this.#context, owner: server, launch, startMs });
    const status = statusFromRun({ ...seen, backend: 'tmux' });
    const socketName = socketLabel(socketPath(this.#context.socket, this.#context.env), this.#context.env);
    return hasTerminal(status) ? { ...status, terminal: 'detached', windowCount: 1, socketName } : status;
  }

  async stop(name: string, policy: StopPolicy): Promise<StopReport> {
    // The record is enough to end a run: a tmux that is missing or does not answer must not protect a job.
    const managed = findManaged(name, this.#runs);
    if (managed === null) return stopForeign(await requireForeign(name, this.#context), policy, this.#client);
    const { run, spec } = managed.reading;
    const { run: last, ...outcome } = await stopRun(run, { ...spec?.stop, ...policy });
    return { ...outcome, status: this.#runs.status(last) };
  }

  async status(name: string): Promise<Presence> {
    const found = await lookUp(name, this.#context);
    if (found.kind === 'absent') return { kind: 'absent' };
    if (found.kind === 'unknown') return { kind: 'unknown', cause: found.cause };
    return { kind: 'present', status: found.status };
  }

  async takeUp(run: RunDirectory): Promise<void> {
    const { server = 'longhaul', launch = {} } = this.#options;
    await resumeLoop(await this.#runs.recordedSpec(run), run, { ...this.#context, owner: server, launch });
  }

  async list(options: ListOptions = {}): Promise<SessionListing> {
    return listSessions(this.#context, options);
  }

  async *logs(name: string, options: LogOptions): AsyncGenerator<LogChunk> {
    const runId = options.runId === undefined ? null : asRunId(options.runId);
    const run = runId === null ? findManaged(name, this.#runs)?.reading.run : await this.#runs.find(runId);
    if (run !== null && run !== undefined) yield* readRunLog(run, options);
    else if (options.runId !== undefined) throw new SessionNotFoundError(name, 'tmux', { hint: `It has no run ${options.runId}; see them with: longhaul history ${name}` });
    else yield* captureForeign(await requireForeign(name, this.#context), options, this.#client);
  }

  async attach(name: string, options: AttachOptions): Promise<AttachCommand> {
    const { session, socketPath: path } = await this.#terminalOf(name);
    const { id: sessionId, paneId, attachedClients, runId } = session;
    const whose = runId === null ? 'theirs' : 'ours';
    if (whose === 'theirs' && options.protect === 'interrupts') {
      throw new SessionAttachError(name, 'tmux', 'it was made by hand, and the keys of its server are not ours to change', { hint: `Look on without any key reaching it: longhaul attach ${name} --read-only` });
    }
    const { env } = this.#context;
    const answer = await this.#client.ask({ path }, leaveKeysArgs(sessionId));
    const leaveKeys = answer.kind === 'done' ? parseLeaveKeys(answer.stdout, leavingCommand(path, env)) : undefined;
    const statusLine = this.#options.server === 'shared' ? 'theirs' : whose;
    return attachCommand({ socketPath: path, sessionId, paneId, attachedClients, sizing: whose, statusLine, leaveKeys }, options, env);
  }

  async send(name: string, input: SendInput): Promise<void> {
    const { session, socketPath: path } = await this.#terminalOf(name);
    const answer = 'keys' in input ? await this.#client.ask({ path }, sendKeysArgs(session.paneId, input.keys)) : await this.#paste(input.text, { path, paneId: session.paneId });
    if (answer.kind === 'failed') throw new SessionAttachError(name, 'tmux', answer.evidence);
  }

  async #paste(text: string, { path, paneId }: { readonly path: string; readonly paneId: string }): ReturnType<TmuxClient['ask']> {
    const buffer = bufferName();
    let isPasted = false;
    try {
      const answer = await this.#client.ask({ path }, pasteArgs(paneId, buffer), { text });
      isPasted = answer.kind === 'done';
      return answer;
    } finally {
      // A pane that is gone leaves the text in the server, where it can be read by anybody who may ask it: it may be a password.
      if (!isPasted) await this.#client.ask({ path }, ['delete-buffer', '-b', buffer]);
    }
  }

  async exec(name: string, argv: readonly string[], options: ExecOptions = {}): Promise<AttachCommand> {
    const managed = findManaged(name, this.#runs);
    if (managed !== null) return execCommand(managed, argv, { ...options, env: this.#context.env });
    await requireForeign(name, this.#context);
    throw new SessionAttachError(name, 'tmux', 'it was not started by Longhaul, so its directory and environment are not known', { hint: `Attach to it: longhaul attach ${name}` });
  }

  async remove(name: string): Promise<void> {
    const found = await lookUp(name, this.#context);
    if (found.kind === 'unknown') throw found.cause;
    if (found.kind === 'absent') return;
    if (found.kind === 'managed' && !found.mayLive) return removeTerminal(found.run, this.#context);
    throw new SessionStopError(name, 'tmux', 'it is running', { hint: `End it first: longhaul stop ${name}` });
  }

  async probe(): Promise<BackendProbe> {
    const program = this.#client.program();
    const version = await this.#client.version();
    if (!/^tmux /.test(version)) throw new BackendUnavailableError('tmux', 'tmux -V does not say its version');
    return { kind: 'tmux', program, version: version.slice('tmux '.length) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #terminalOf(name: string): Promise<PlacedSession> {
    const found = await requireSession(name, this.#context);
    if (found.kind === 'foreign') return found.place;
    if (found.place !== null && 'cause' in found.place) throw found.place.cause;
    if (found.place !== null) return found.place;
    throw found.mayLive
      ? new SessionAttachError(name, 'tmux', 'its terminal is gone, the job runs on', { hint: `Read what it prints: longhaul logs -f ${name}` })
      : SessionAttachError.ended(name, 'tmux');
  }
}

let buffers = 0;

/** Two sends at once must not paste each other's text. */
function bufferName(): string {
  buffers += 1;
  return `longhaul-${String(process.pid)}-${String(buffers)}`;
}
