import { sequenceOf } from '../protocol/layout.ts';

/** The numbers of the links among the names of a folder, in order. */
export function chainNames(names: readonly string[]): readonly number[] {
  return names.flatMap((name) => sequenceOf(name) ?? []).sort((a, b) => a - b);
}
