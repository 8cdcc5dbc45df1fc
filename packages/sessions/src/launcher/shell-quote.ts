import { SessionConfigError } from '@longhaul/errors';

/**
 * One word for POSIX sh that means exactly this text, whatever it holds: single quotes, in which dash, bash and busybox sh
 * agree on every byte (design §4.2).
 *
 * @param what what the text is, for the error: the text itself may be a secret.
 * @throws SessionConfigError for a NUL, which no argument and no environment can hold.
 */
export function quoteForShell(text: string, what = 'a text'): string {
  if (text.includes('\0')) throw new SessionConfigError(`${what} holds a NUL character`, { hint: 'no program can be given one: take it out' });
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** An argv as words for sh. */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map((argument, index) => quoteForShell(argument, index === 0 ? 'the command' : `argument ${String(index)} of the command`)).join(' ');
}
