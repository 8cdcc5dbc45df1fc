import { ErrorCode } from './error-code.ts';
import type { LonghaulErrorOptions } from './longhaul-error.ts';
import { LonghaulError } from './longhaul-error.ts';

/** Where in a file of settings the mistake is, and what would mend it. */
export interface ConfigErrorOptions extends LonghaulErrorOptions {
  /** The file; absent where the setting came from the environment or a flag. */
  readonly file?: string | undefined;
  /** Counted from 1. */
  readonly line?: number | undefined;
  /** Counted from 1. */
  readonly column?: number | undefined;
  /** What to write instead. It becomes the hint where no other is given. */
  readonly fix?: string | undefined;
}

/** A setting that cannot be used. The message begins with `file:line:column`, as compilers write it (design §7). */
export class ConfigError extends LonghaulError {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly fix: string | null;

  constructor(message: string, options: ConfigErrorOptions = {}) {
    const { file = null, line = null, column = null, fix = null } = options;
    const place = [file, line, column].filter((part) => part !== null).join(':');
    const context = { file, line, column, ...options.context };
    super(place === '' ? message : `${place}: ${message}`, {
      ...options,
      code: ErrorCode.CONFIG,
      hint: options.hint ?? fix ?? undefined,
      context,
    });
    this.file = file;
    this.line = line;
    this.column = column;
    this.fix = this.hint !== null && options.hint === undefined ? this.hint : fix;
  }
}
