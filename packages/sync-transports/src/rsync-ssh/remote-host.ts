import { isLonghaulError, TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { describeOutcome } from '@longhaul/exec';
import type { Classification, FailureFacts } from '../failures/index.ts';
import { classifyRemoteScript } from '../failures/index.ts';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import { isKnownHost, scanHostKey } from '../ssh/host-key.ts';
import type { RemoteShell, ShellRunEnd } from '../ssh/remote-shell.ts';
import { RemoteShells } from '../ssh/remote-shells.ts';
import type { ReadShellOutput } from '../ssh/shell-output.ts';
import { scriptLine, shellAssignments, shellWord } from '../ssh/shell-words.ts';
import { SshConnection } from '../ssh/ssh-connection.ts';
import type { RsyncSshDestination } from './destination-options.ts';
import { partReader } from './field-reader.ts';
import type { RemoteFacts } from './remote-facts.ts';
import { FACT_FIELDS, parseFacts } from './remote-facts.ts';
import { COMMON_SCRIPT, FACTS_SCRIPT } from './scripts/common-script.ts';

/** One script to be run there. */
export interface RemoteCall {
  /** For messages: what it is for, e.g. `publishing`. */
  readonly doing: string;
  readonly scripts: readonly string[];
  readonly values?: Readonly<Record<string, string | Uint8Array>>;
  /** What the script's function `parents` goes through. */
  readonly parents?: readonly RawPath[];
  readonly input?: Uint8Array;
  /** What to do when a shell that had waited turns out to be dead. Default `retry`, once: every script can be run again. */
  readonly onLostShell?: 'retry' | 'fail';
  /** Gets stdout instead of its being collected as fields; facts are not asked for then. */
  readonly onChunk?: ReadShellOutput;
  /** Told each field as it comes. */
  readonly onField?: (field: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** For tests: more shell text behind the head of each script, e.g. another `reached`. */
export type ScriptPrelude = () => string;

interface Attempt {
  readonly end: ShellRunEnd;
  readonly fields: readonly string[];
  /** A shell that had waited since an earlier call was lost before it said a word. */
  readonly wasDead: boolean;
}

interface ShellSource {
  readonly take: () => Promise<RemoteShell>;
  readonly put: (shell: RemoteShell) => Promise<unknown>;
  /** Whether what the other side can do is asked again. */
  readonly freshness: 'known' | 'now';
}

/** The machine that holds the destination: scripts of ours run there, and its failures have a kind. */
export class RemoteHost implements AsyncDisposable {
  readonly destination: RsyncSshDestination;
  readonly connection: SshConnection;
  readonly shells: RemoteShells;
  readonly #runner: ProcessRunner;
  readonly #prelude: ScriptPrelude;
  #facts: RemoteFacts | null = null;

  constructor({ destination, runner, prelude = (): string => '' }: { readonly destination: RsyncSshDestination; readonly runner: ProcessRunner; readonly prelude?: ScriptPrelude | undefined }) {
    this.destination = destination;
    this.connection = new SshConnection(destination, runner);
    this.shells = new RemoteShells(this.connection, runner);
    this.#runner = runner;
    this.#prelude = prelude;
  }

  /** Known after the first call with fields; asked again by every direct call. */
  get facts(): RemoteFacts | null {
    return this.#facts;
  }

  /** After something was missing there: a person may install it while this object lives. */
  forgetFacts(): void {
    this.#facts = null;
  }

  /** The fields that the script replied. @throws TransportError with a kind */
  async call(call: RemoteCall): Promise<readonly string[]> {
    return this.#call(call, { take: async () => this.shells.take(call.signal), put: async (shell) => this.shells.giveBack(shell), freshness: 'known' });
  }

  /** Over a connection of its own: what is true now. @throws TransportError with a kind */
  async callDirectly(call: RemoteCall): Promise<readonly string[]> {
    return this.#call(call, { take: async () => this.shells.takeOwn(call.signal), put: async (shell) => shell.end(), freshness: 'now' });
  }

  /** Why a program that used the shared connection ended so, in words for a person. */
  async explain(failure: Classification): Promise<Classification> {
    if (failure.kind === TransportErrorKind.HOST_KEY) return { ...failure, hint: await this.#hostKeyHint(failure.hint) };
    if (failure.rule !== 'ssh.resolve') return failure;
    // Somebody trusted its key once: so the name has worked before, and it is the network that is gone.
    return (await isKnownHost(this.destination, { runner: this.#runner })) ? { ...failure, kind: TransportErrorKind.NETWORK, hint: 'The name resolved before: is this machine online?' } : failure;
  }

  /** For the tables of failures. */
  failureFacts(): FailureFacts {
    const { target, path, name = target } = this.destination;
    return { target, path, name, everReached: this.shells.everReached };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shells[Symbol.asyncDispose]();
  }

  async #call(call: RemoteCall, source: ShellSource): Promise<readonly string[]> {
    const { doing, signal } = call;
    let attempt = await this.#attempt(call, source);
    if (attempt.wasDead && call.onLostShell !== 'fail') {
      // The connection had gone while nobody used it: that is no failure of this call.
      await this.shells.drop();
      attempt = await this.#attempt(call, source);
    }
    const { end, fields } = attempt;
    if (isAborted(signal)) throw interrupted(doing, signal?.reason);
    if (end.kind === 'done' && end.exitCode === 0) return refuseError(fields, { doing, target: this.destination.target });
    throw await this.#failure(doing, end);
  }

  async #attempt(call: RemoteCall, { take, put, freshness }: ShellSource): Promise<Attempt> {
    const { doing, input, onChunk, signal } = call;
    if (isAborted(signal)) throw interrupted(doing, signal?.reason);
    const asksFacts = onChunk === undefined && (this.#facts === null || freshness === 'now');
    const line = scriptLine(this.#script(call, asksFacts ? [FACTS_SCRIPT] : []));
    const shell = await this.#explained(take);
    const { wasUsed } = shell;
    const fields = new Fields({ leading: asksFacts ? FACT_FIELDS + 1 : 0, onLeading: ([, ...facts]) => (this.#facts = parseFacts(facts)), onField: call.onField });
    const read = onChunk ?? partReader('\0', (field) => { fields.add(field); });
    let hasSpoken = false;
    const end = await shell.run({
      line,
      afterInput: this.#facts?.isHeadExact === true ? 'again' : 'over',
      onChunk: (chunk) => {
        hasSpoken = true;
        read(chunk);
      },
      ...(input === undefined ? {} : { input }),
      ...(signal === undefined ? {} : { signal }),
    });
    await put(shell);
    if (asksFacts && this.#facts !== null && (await this.connection.learnAes(this.#facts.hasAes !== false))) await this.shells.drop();
    return { end, fields: fields.rest, wasDead: wasUsed && end.kind === 'lost' && !isAborted(signal) && !hasSpoken };
  }

  async #failure(doing: string, end: ShellRunEnd): Promise<TransportError> {
    const facts = this.failureFacts();
    const classification = end.kind === 'done' ? classifyRemoteScript({ returncode: end.exitCode, stderr: end.stderr, stdout: '', facts }) : await this.shells.classify(end.outcome, facts);
    const { kind, evidence, hint, rule } = await this.explain(classification);
    const said = evidence ?? (end.kind === 'done' ? `it ended with code ${String(end.exitCode)}` : describeOutcome(end.outcome));
    return new TransportError(`${doing} at ${this.destination.target} failed: ${said}`, { errorKind: kind, hint: hint ?? undefined, context: { evidence, rule } });
  }

  #script({ scripts, values = {}, parents }: RemoteCall, more: readonly string[]): Buffer {
    const head = shellAssignments({ root: this.destination.path, ...values });
    const calls = (parents ?? []).map((path) => Buffer.concat([Buffer.from('"$1" '), shellWord(rawPathBytes(`./${path}` as RawPath)), Buffer.from('\n')]));
    const listing = parents === undefined ? [] : [Buffer.from('parents() {\n:\n'), ...calls, Buffer.from('}\n')];
    return Buffer.concat([head, Buffer.from(COMMON_SCRIPT), Buffer.from(this.#prelude()), ...listing, Buffer.from([...more, ...scripts].join('\n'))]);
  }

  async #explained<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(isLonghaulError(error) && error instanceof TransportError)) throw error;
      const evidence = typeof error.context['evidence'] === 'string' ? error.context['evidence'] : null;
      const rule = typeof error.context['rule'] === 'string' ? error.context['rule'] : null;
      const { kind, hint } = await this.explain({ kind: error.errorKind, evidence, hint: error.hint, rule });
      throw new TransportError(error.message, { errorKind: kind, hint: hint ?? undefined, context: error.context, cause: error.cause });
    }
  }

  /** The fingerprint that the host shows now belongs into the hint: a person must compare it. */
  async #hostKeyHint(hint: string | null): Promise<string | null> {
    try {
      const { keys, trusted } = await scanHostKey(this.destination, { runner: this.#runner, signal: AbortSignal.timeout(15_000) });
      const shown = keys.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(', ');
      const known = trusted.length === 0 ? '' : `; trusted so far: ${trusted.join(', ')}`;
      return `The host shows ${shown}${known}. ${hint ?? ''}`;
    } catch {
      // It does not show its key to everybody: the hint stands without it.
      return hint;
    }
  }
}

/** The first fields may be facts; the others are the script's. */
class Fields {
  readonly rest: string[] = [];
  readonly #leading: string[] = [];
  readonly #leadingCount: number;
  readonly #onLeading: (fields: readonly string[]) => void;
  readonly #onField: (field: string) => void;

  constructor({ leading, onLeading, onField }: { readonly leading: number; readonly onLeading: (fields: readonly string[]) => void; readonly onField: ((field: string) => void) | undefined }) {
    this.#leadingCount = leading;
    this.#onLeading = onLeading;
    this.#onField = onField ?? ((field): void => void this.rest.push(field));
  }

  add(field: string): void {
    if (this.#leading.length === this.#leadingCount) {
      this.#onField(field);
      return;
    }
    this.#leading.push(field);
    if (this.#leading.length === this.#leadingCount) this.#onLeading(this.#leading);
  }
}

/** `error`, kind, text: what a script found out by itself. @throws TransportError */
export function refuseError(fields: readonly string[], { doing, target }: { readonly doing: string; readonly target: string }): readonly string[] {
  const [word, kind = 'unknown', text = ''] = fields;
  if (word !== 'error') return fields;
  throw new TransportError(`${doing} at ${target} failed: ${text}`, { errorKind: kind === 'config' ? TransportErrorKind.CONFIG : TransportErrorKind.UNKNOWN, context: { evidence: text } });
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function interrupted(doing: string, cause: unknown): TransportError {
  return new TransportError(`${doing} was interrupted`, { errorKind: TransportErrorKind.INTERRUPTED, cause });
}
