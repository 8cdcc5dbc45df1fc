import type { Cli } from './cli-context.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { describeError } from './report-error.ts';

/** What came of one of several names. */
export type NameOutcome<T> = { readonly name: string; readonly ok: true; readonly value: T } | { readonly name: string; readonly ok: false; readonly error: unknown };

/** Does the same for each name; one that fails keeps none of the others from being done. */
export async function eachName<T>(names: readonly string[], act: (name: string) => Promise<T>): Promise<readonly NameOutcome<T>[]> {
  const outcomes: NameOutcome<T>[] = [];
  for (const name of names) {
    try {
      outcomes.push({ name, ok: true, value: await act(name) });
    } catch (error) {
      outcomes.push({ name, ok: false, error });
    }
  }
  return outcomes;
}

/**
 * Reports outcomes. One name that fails is that error; of several, the failures are said and the code is the first one's
 * if none was done, 6 (finished with problems) otherwise.
 */
export function reportOutcomes<T>(outcomes: readonly NameOutcome<T>[], cli: Cli, form: { readonly data: (value: T) => unknown; readonly text: (value: T) => string }): number {
  const failed = outcomes.filter((outcome) => !outcome.ok);
  const [only] = outcomes;
  if (outcomes.length === 1 && only?.ok === false) throw only.error;
  for (const { name, error } of failed) cli.printer.warn(`${name}: ${describeError(error).message}`);
  const done = outcomes.filter((outcome) => outcome.ok);
  const data = { done: done.map(({ value }) => form.data(value)), failed: failed.map(({ name, error }) => ({ name, error: describeError(error) })) };
  cli.printer.result(data, () => done.map(({ value }) => form.text(value)).join(''));
  if (failed.length === 0) return EXIT.OK;
  return done.length === 0 ? exitCodeOf(failed[0]?.error) : EXIT.PROBLEMS;
}
