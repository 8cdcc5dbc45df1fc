import { ErrorCode } from './error-code.ts';
import type { LonghaulErrorInit, LonghaulErrorOptions } from './longhaul-error.ts';
import { SyncError } from './sync-error.ts';

/** How many names a message spells out; all of them are in `paths`. */
const SHOWN = 5;

/** An error about what was to be sent. */
export class SourceError extends SyncError {
  /** The source as it was given. */
  readonly source: string;

  constructor(source: string, message: string, init: LonghaulErrorInit) {
    super(message, { ...init, context: { source, ...init.context } });
    this.source = source;
  }
}

/** The source does not exist. */
export class SourceNotFoundError extends SourceError {
  constructor(source: string, options: LonghaulErrorOptions = {}) {
    super(source, `source ${quote(source)} does not exist`, { ...options, code: ErrorCode.SOURCE_NOT_FOUND });
  }
}

/** The source is there and cannot be sent as a tree: a socket or a device for example. */
export class SourceNotDirectoryError extends SourceError {
  constructor(source: string, options: LonghaulErrorOptions = {}) {
    super(source, `source ${quote(source)} is not a directory`, { ...options, code: ErrorCode.SOURCE_NOT_DIRECTORY });
  }
}

/** Files changed after they were sealed (design §5.1). */
export class SourceChangedError extends SourceError {
  readonly paths: readonly string[];

  constructor(source: string, paths: readonly string[], options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? 'It is sealed again when it has been quiet for a while; end what writes there to have it sent sooner';
    super(source, `source ${quote(source)} changed while it was sent: ${shown(paths)}`, {
      ...options,
      code: ErrorCode.SOURCE_CHANGED,
      hint,
      context: { paths, ...options.context },
    });
    this.paths = [...paths];
  }
}

/** Parts of the source cannot be read, so that it cannot be sent whole; they are named, and nothing is sent. */
export class SourceUnreadableError extends SourceError {
  readonly paths: readonly string[];

  constructor(source: string, paths: readonly string[], options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? 'Make them readable for this user, or move them out of the source';
    super(source, `source ${quote(source)} has parts that cannot be read: ${shown(paths)}`, {
      ...options,
      code: ErrorCode.SOURCE_UNREADABLE,
      hint,
      context: { paths, ...options.context },
    });
    this.paths = [...paths];
  }
}

/** What is wrong with the names. */
export type SourceNameProblem = 'unsupported' | 'collision' | 'reserved';

/** Options of {@link SourceNameError}. */
export interface SourceNameErrorOptions extends LonghaulErrorOptions {
  readonly problem: SourceNameProblem;
}

const NAME_PROBLEMS: Readonly<Record<SourceNameProblem, string>> = {
  unsupported: 'has names that the destination cannot hold',
  collision: 'has names that become one at the destination',
  reserved: 'holds names that Longhaul needs for itself',
};

/** Names that the destination cannot hold, or that collide there by case or Unicode form; found before the first byte is sent. */
export class SourceNameError extends SourceError {
  readonly problem: SourceNameProblem;
  readonly paths: readonly string[];

  constructor(source: string, paths: readonly string[], options: SourceNameErrorOptions) {
    const { problem } = options;
    const hint = options.hint ?? 'Rename them, or choose another destination';
    super(source, `source ${quote(source)} ${NAME_PROBLEMS[problem]}: ${shown(paths)}`, {
      ...options,
      code: ErrorCode.SOURCE_NAME,
      hint,
      context: { problem, paths, ...options.context },
    });
    this.problem = problem;
    this.paths = [...paths];
  }
}

/** Quoted with escapes: a newline in a file name must not break a message into two. */
function quote(path: string): string {
  return JSON.stringify(path);
}

function shown(paths: readonly string[]): string {
  const names = paths.slice(0, SHOWN).map(quote).join(', ');
  return paths.length > SHOWN ? `${names} and ${String(paths.length - SHOWN)} more` : names;
}
