import type { CommandModule } from './command-module.ts';
import type { parseCall } from './parse-call.ts';

/**
 * Commands that are loaded together. Files cost more at start-up than the code in them: with three groups `list` reads nine of them,
 * with a file per command it was twenty-five.
 */
export type CommandGroup<Name extends string> = Readonly<Record<Name, CommandModule>> & { readonly parseCall: typeof parseCall };
