import type { ErrorCode } from './error-code.ts';
import { makePrintable, printableTwin } from './printable.ts';
import { redact } from './redact.ts';
import type { JsonValue } from './snapshot.ts';
import { snapshot, snapshotRecord } from './snapshot.ts';

/** What every error of Longhaul takes beside its own arguments. */
export interface LonghaulErrorOptions {
  /** What the person who meets the error should do: a command, a flag, a link. */
  readonly hint?: string | undefined;
  /** Facts for programs and logs. Copied when the error is made, redacted and made safe for JSON. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** What led to this. Kept as it is for programs; redacted wherever it is printed or serialised. */
  readonly cause?: unknown;
  /** Values known to be secret at this place. They are taken out of message, hint, context and cause. Not kept readable. */
  readonly secrets?: readonly string[] | undefined;
}

/** {@link LonghaulErrorOptions} and the code, for the base class. */
export interface LonghaulErrorInit extends LonghaulErrorOptions {
  readonly code: ErrorCode;
}

/** What {@link LonghaulError.toJSON} gives: safe to print, to log and to send. */
export interface SerializedError {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly context: Readonly<Record<string, JsonValue>>;
  readonly cause: JsonValue;
}

/**
 * The root of all errors that a user of Longhaul can meet (design §3). The message says what happened, with which name;
 * `hint` says what to do; programs switch on `code`. Message, hint and context carry no secrets.
 */
export class LonghaulError extends Error {
  /** Says "an error of Longhaul" across copies of this package; see {@link isLonghaulError}. */
  readonly isLonghaulError = true as const;
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly context: Readonly<Record<string, JsonValue>>;
  readonly #secrets: readonly string[];

  constructor(message: string, { code, hint, context, cause, secrets = [] }: LonghaulErrorInit) {
    super(redact(message, secrets), cause === undefined ? undefined : { cause });
    // The brand says nothing to a person, so it is kept out of printed errors.
    Object.defineProperty(this, 'isLonghaulError', { enumerable: false });
    this.code = code;
    this.hint = hint === undefined ? null : redact(hint, secrets);
    this.context = Object.freeze(snapshotRecord(context ?? {}, secrets));
    this.#secrets = [...secrets];
    makePrintable(this, () => printableTwin(this, this.#secrets));
  }

  /** The class name. On the instance's class, so that a subclass of a user's own has its own name too. */
  override get name(): string {
    return this.constructor.name;
  }

  toJSON(): SerializedError {
    const { name, code, message, hint, context } = this;
    return { name, code, message, hint, context, cause: snapshot(this.cause, this.#secrets) };
  }
}

/**
 * Whether `error` is one of ours, with this code if one is given. Works where `instanceof` does not: when two copies of
 * this package are installed, the classes differ but the brand and the codes are the same.
 */
export function isLonghaulError<Code extends ErrorCode = ErrorCode>(error: unknown, code?: Code): error is LonghaulError & { readonly code: Code } {
  if (typeof error !== 'object' || error === null) return false;
  const candidate = error as Partial<LonghaulError>;
  return candidate.isLonghaulError === true && typeof candidate.code === 'string' && (code === undefined || candidate.code === code);
}
