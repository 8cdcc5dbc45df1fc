import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import { errnoOf } from '../errno.ts';
import type { RunDirectory } from '../run-directory.ts';
import { envFileOf, formerEnvFile } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import type { RunId } from '../run-record.ts';
import type { EnvEntry } from '../session-spec.ts';
import { RUN_TAG } from './env-file.ts';
import { LAUNCH_FILES } from './launch-file-names.ts';

/** One word in the quotes of {@link quoteForShell}. */
const QUOTED = String.raw`'[^']*'(?:\\''[^']*')*`;
const ENTRY = new RegExp(String.raw`^(?:\( [^=]+=${QUOTED} \) 2>/dev/null && )?export ([A-Za-z_][A-Za-z0-9_]*)=(${QUOTED})$`, 'gmu');
const WORD = new RegExp(QUOTED, 'gu');

/**
 * The environment that was written for a start, from the 0600 file of its session.
 *
 * @param firstRunId the first attempt of that start: the file must have been written for it
 * @throws SessionConfigError where the file is gone, or another start's
 */
export function readEnvironment(run: RunDirectory, firstRunId: RunId): readonly EnvEntry[] {
  const { session } = run;
  const entries = [...readOf(environmentFile(run, firstRunId), session).matchAll(ENTRY)].map(([, name = '', value = '']): EnvEntry => ({ name, value: unquote(value) }));
  if (entries.find(({ name }) => name === RUN_TAG)?.value !== firstRunId) throw gone(session, 'the file that held it is not the one of this start any more');
  return entries.filter(({ name }) => name !== RUN_TAG);
}

/** Where the environment of a start is: of one that an earlier version made, where that kept it. */
export function environmentFile(run: RunDirectory, firstRunId: RunId): string {
  const own = envFileOf(run, firstRunId);
  const former = formerEnvFile(run);
  return !existsSync(own) && existsSync(former) ? former : own;
}

/** The whole argv of a run: in spec.json secrets of it may be left out. @throws SessionConfigError where it cannot be read */
export function readCommand(run: RunDirectory): readonly string[] {
  const text = readOf(join(run.path, RUN_FILES.command), run.session);
  return wordsBetween(text, { begin: '\nset --', end: '\nlh__ready "$1"\nexec "$@"\n' });
}

/** The hook of a run, without the id that it is given. @throws SessionConfigError where it cannot be read */
export function readOnExit(run: RunDirectory): readonly string[] {
  const text = readOf(join(run.path, LAUNCH_FILES.onExit), run.session);
  return wordsBetween(text, { begin: '\nexec ', end: ' "$1"\n' });
}

function wordsBetween(text: string, { begin, end }: { readonly begin: string; readonly end: string }): readonly string[] {
  const [from, to] = [text.indexOf(begin), text.lastIndexOf(end)];
  const words = from === -1 || to < from ? '' : text.slice(from + begin.length, to);
  return [...words.matchAll(WORD)].map(([word]) => unquote(word));
}

function unquote(word: string): string {
  return word.slice(1, -1).replaceAll(String.raw`'\''`, "'");
}

function readOf(path: string, session: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = errnoOf(cause) ?? 'unknown error';
    throw gone(session, code === 'ENOENT' ? `${path} is gone` : `${path} cannot be read (${code})`, cause);
  }
}

function gone(session: string, why: string, cause?: unknown): SessionConfigError {
  return new SessionConfigError(`session "${session}" cannot be started again as it was: ${why}`, { cause, hint: `Start it anew: longhaul start ${session} -- COMMAND ARG…` });
}
