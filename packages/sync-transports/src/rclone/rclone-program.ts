import { installHint, redact, TransportError, TransportErrorKind } from '@longhaul/errors';
import type { CommandInput, Outcome, OutputCapture, ProcessRunner, RunningProcess } from '@longhaul/exec';
import { describeOutcome } from '@longhaul/exec';
import type { Classification, FailureFacts } from '../failures/index.ts';
import { classifyRclone } from '../failures/index.ts';
import type { RawPath } from '../raw-path.ts';
import type { ParsedDestination } from './rclone-destination.ts';
import { scrubbedVariables } from './rclone-environment.ts';
import { rclonePath } from './standard-names.ts';

/** One call of rclone. */
export interface RcloneCall {
  /** For messages: `listing the files`. */
  readonly doing: string;
  readonly args: readonly string[];
  readonly input?: string | Uint8Array;
  /** Called with each line of stdout; none of it is kept then. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What a call printed that ended well, or that there is nothing of that name. */
export type CallEnd = { readonly kind: 'done'; readonly stdout: string } | { readonly kind: 'missing' };

/** "Directory not found" and "file not found" of rclone's list of exit codes. */
const MISSING_CODES: readonly number[] = [3, 4];
/** How often rclone itself tries one request again: with its own default of 10, a line that is down is noticed after a minute. All else is the queue's affair (design §5.4). */
const LOW_LEVEL_RETRIES = 3;
/** A link at the destination that leads to the source is no copy: flags win over what a remote's configuration says. */
const LINKS_ARE_NO_FILES = ['--skip-links', '--copy-links=false', '--sftp-skip-links'] as const;
const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** rclone on this machine, for one destination. Nothing secret is in its arguments: remotes and their passwords are in its own configuration. */
export class RcloneProgram {
  readonly destination: ParsedDestination;
  readonly #runner: ProcessRunner;
  #everReached = false;

  constructor(destination: ParsedDestination, runner: ProcessRunner) {
    this.destination = destination;
    this.#runner = runner;
  }

  /** `remote:path/…` for a path below the destination's root. */
  at(path: RawPath): string {
    const { remoteName, root } = this.destination;
    const below = rclonePath(path);
    return `${remoteName}:${root === '' || root === '/' || below === '' ? `${root}${below}` : `${root}/${below}`}`;
  }

  /** @throws TransportError, also where there is nothing of that name: then of kind config */
  async run(call: RcloneCall): Promise<string> {
    const outcome = await this.#outcome(call);
    if (outcome.kind === 'exited' && outcome.exitCode === 0) return this.#done(outcome);
    throw this.#error(call.doing, outcome);
  }

  /** Like {@link run}; what is not there is an answer, no failure. */
  async find(call: RcloneCall): Promise<CallEnd> {
    const outcome = await this.#outcome(call);
    if (outcome.kind === 'exited' && MISSING_CODES.includes(outcome.exitCode)) return { kind: 'missing' };
    if (outcome.kind === 'exited' && outcome.exitCode === 0) return { kind: 'done', stdout: this.#done(outcome) };
    throw this.#error(call.doing, outcome);
  }

  /** A transfer, whose log is read while it runs. */
  async spawn({ args, input, onLog, signal }: { readonly args: readonly string[]; readonly input: Uint8Array; readonly onLog: (line: string) => void; readonly signal: AbortSignal | undefined }): Promise<RunningProcess> {
    return this.#runner.spawn({
      ...this.#command(args, signal),
      stdin: { bytes: input },
      // Progress is a line a second and one for each file: those are read and not kept.
      stderr: { maxBytes: 1024 * 1024, onLine: onLog },
    });
  }

  /** What made a call fail that did not end with 0. */
  classify(outcome: Outcome, facts: FailureFacts = {}): Classification {
    if (outcome.kind === 'notFound') return { kind: null, evidence: 'rclone is not installed on this machine', hint: installHint('rclone'), rule: null };
    if (outcome.kind === 'spawnFailed') return { kind: TransportErrorKind.CONFIG, evidence: describeOutcome(outcome), hint: null, rule: null };
    if (outcome.kind === 'cancelled') return { kind: TransportErrorKind.INTERRUPTED, evidence: 'rclone was called off', hint: null, rule: null };
    const { remote, name, remoteName } = this.destination;
    const verdict = classifyRclone({ returncode: codeOf(outcome), stderr: outcome.stderr.text, stdout: '', facts: { everReached: this.#everReached, target: remote, path: remote, name: name ?? remoteName, ...facts } });
    return { ...verdict, evidence: verdict.evidence === null ? null : redact(verdict.evidence) };
  }

  /** It has answered: a name that cannot be resolved later is the network's fault. */
  noteReached(): void {
    this.#everReached = true;
  }

  #done(outcome: Outcome): string {
    this.noteReached();
    return outcome.stdout.text;
  }

  async #outcome({ args, input, onLine, signal }: RcloneCall): Promise<Outcome> {
    const stdout: OutputCapture = onLine === undefined ? { maxBytes: 64 * 1024 * 1024 } : { maxBytes: 0, onLine };
    return this.#runner.run({ ...this.#command(args, signal), stdin: stdin(input), stdout });
  }

  #command(args: readonly string[], signal: AbortSignal | undefined): { readonly program: 'rclone'; readonly args: readonly string[]; readonly env: { readonly set: Readonly<Record<string, string>>; readonly unset: readonly string[] }; readonly signal?: AbortSignal } {
    const { configFile } = this.destination;
    const base = ['--use-json-log', '--retries=1', `--low-level-retries=${String(LOW_LEVEL_RETRIES)}`, '--ask-password=false', '--contimeout=20s', '--timeout=180s', ...LINKS_ARE_NO_FILES];
    return {
      program: 'rclone',
      args: [...base, ...(configFile === undefined ? [] : [`--config=${configFile}`]), ...args],
      env: { set: { LC_ALL: 'C' }, unset: scrubbedVariables(process.env) },
      ...(signal === undefined ? {} : { signal }),
    };
  }

  #error(doing: string, outcome: Outcome): TransportError {
    const { kind, evidence, hint } = this.classify(outcome);
    const said = evidence ?? describeOutcome(outcome);
    return new TransportError(outcome.kind === 'cancelled' ? `${doing} was interrupted` : `${doing} at ${this.destination.remote} failed: ${said}`, { errorKind: kind, ...(hint === null ? {} : { hint }), context: { evidence: said } });
  }
}

function stdin(input: string | Uint8Array | undefined): CommandInput {
  if (input === undefined) return 'ignore';
  return typeof input === 'string' ? { text: input } : { bytes: input };
}

/** 128 + n for signal n, as shells have it. */
export function codeOf(outcome: Outcome): number {
  if (outcome.kind === 'exited') return outcome.exitCode;
  if (outcome.kind === 'signalled') return 128 + (SIGNALS[outcome.signal] ?? 0);
  return 'exitCode' in outcome && outcome.exitCode !== null ? outcome.exitCode : 1;
}
