import pc from 'picocolors';

/** What is coloured, and how; names say the meaning, so that a theme is one place. */
export interface Colours {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly waiting: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/**
 * Colours for one stream: off with NO_COLOR, `--no-color`, TERM=dumb or off a terminal; on with FORCE_COLOR.
 *
 * @param isTerminal isTTY of the stream, which Node leaves undefined off a terminal: handed on like that it would let the library decide, which paints wherever CI is set
 */
export function coloursFor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean | undefined): Colours {
  const { green, red, yellow, dim, bold } = pc.createColors(wanted(env, isTerminal));
  return { good: green, bad: red, waiting: yellow, dim, bold };
}

function wanted(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean | undefined): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal === true && env['TERM'] !== 'dumb';
}
