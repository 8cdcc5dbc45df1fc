import { CommanderError } from 'commander';

import type { SplitArgv } from './argv.ts';
import type { Call, CommandModule } from './command-module.ts';
import { buildCommand, OptionValues } from './command-module.ts';
import type { CommandEntry } from './command-table.ts';
import { UsageError } from './usage-error.ts';

/** What a command line asks of a command: to be run, or to be explained. */
export type ParsedCall = { readonly kind: 'call'; readonly call: Call } | { readonly kind: 'help'; readonly text: string };

export interface ParseRequest {
  readonly entry: CommandEntry;
  readonly module: CommandModule;
  /** Arguments without the words of the command's name. */
  readonly argv: readonly string[];
  readonly command: SplitArgv['command'];
}

/** @throws UsageError for anything that cannot be understood */
export function parseCall({ entry, module, argv, command }: ParseRequest): ParsedCall {
  const parser = buildCommand(entry.path, module, entry.summary).exitOverride();
  const help: string[] = [];
  parser.configureOutput({ writeOut: (text) => help.push(text), writeErr: () => undefined });
  try {
    parser.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.helpDisplayed') return { kind: 'help', text: help.join('') };
    if (error instanceof CommanderError) throw usageErrorOf(error, entry, module);
    throw error;
  }
  checkOperands(parser.args, { entry, module, argv, command });
  return { kind: 'call', call: { operands: parser.args, options: new OptionValues(parser.opts()), command } };
}

function usageErrorOf(error: CommanderError, { path }: CommandEntry, { takesCommand }: CommandModule): UsageError {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  if (suggestion !== undefined) return new UsageError(message, suggestion.replace(/^\(|\)$/g, ''));
  if (takesCommand === 'yes' && error.code === 'commander.unknownOption') return new UsageError(message, `put -- before the command: longhaul ${path} NAME -- COMMAND ARG…`);
  return new UsageError(message, `see longhaul ${path} --help`);
}

function checkOperands(operands: readonly string[], { entry, module, command }: ParseRequest): void {
  const usage = `usage: longhaul ${entry.path} ${module.usage}`;
  if (command !== null && module.takesCommand !== 'yes') throw new UsageError(`${entry.path} takes nothing after --`, usage);
  if (operands.length < module.operands.min) throw new UsageError(`${entry.path} needs more than that`, usage);
  if (operands.length <= module.operands.max) return;
  const extra = operands[module.operands.max] ?? '';
  if (module.takesCommand === 'yes') throw new UsageError(`unexpected argument "${extra}"`, `put -- before the command: longhaul ${entry.path} ${operands[0] ?? 'NAME'} -- ${operands.slice(1).join(' ')}`);
  throw new UsageError(`unexpected argument "${extra}"`, usage);
}
