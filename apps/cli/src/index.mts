/**
 * Runs one command line, without the name of the program: `main(['list', '--json'])`. Writes to this process's stdout and stderr and
 * gives the exit code; never throws.
 */
export async function main(argv: readonly string[]): Promise<number> {
  return await (await import('./cli.ts')).main(argv);
}
