import { Command, InvalidArgumentError, Option } from 'commander';

import { GLOBAL_OPTIONS } from './argv.ts';
import type { Cli } from './cli-context.ts';

/** A command: how it is called, and what it does. */
export interface CommandModule {
  /** Beside its name: `NAME [options]`. */
  readonly usage: string;
  /** What a person should know beyond the summary. Plain text. */
  readonly about?: string;
  /** Command lines that work, shown in help. A test runs those that can run by themselves. */
  readonly examples: readonly Example[];
  readonly options?: readonly CommandOption[];
  /** Whether `-- COMMAND ARG…` may follow. */
  readonly takesCommand?: 'yes';
  /** How many words the command takes beside options. */
  readonly operands: { readonly min: number; readonly max: number };
  /** Does it. What it resolves to is the exit code. */
  readonly run: (cli: Cli, call: Call) => Promise<number>;
}

export interface Example {
  readonly line: string;
  readonly text: string;
}

/** One option, as commander writes it: `-n, --lines <N>`, `--to <DEST...>`. */
export interface CommandOption {
  readonly flags: string;
  readonly text: string;
  /** May be given several times; the value is a list. */
  readonly repeat?: 'yes';
  readonly choices?: readonly string[];
}

/** A parsed call of a command. */
export interface Call {
  readonly operands: readonly string[];
  readonly options: OptionValues;
  /** What followed `--`; null where there was none. */
  readonly command: readonly string[] | null;
}

/** Options by their long names in camel case. */
export class OptionValues {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** The last value given; null where none was. */
  text(name: string): string | null {
    const value = this.#values[name];
    return typeof value === 'string' ? value : null;
  }

  /** All values of an option that may be repeated. */
  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? (value as string[]) : [];
  }

  /** Of an option with a `--no-` form: whether it was said, and which; null where neither was. */
  flag(name: string): boolean | null {
    const value = this.#values[name];
    return typeof value === 'boolean' ? value : null;
  }

  has(name: string): boolean {
    return this.#values[name] === true;
  }
}

/** Builds commander's form of a command: its parser and its help. */
export function buildCommand(path: string, module: CommandModule, summary: string): Command {
  const command = new Command(`longhaul ${path}`).usage(module.usage).description(describe(summary, module)).helpOption('-h, --help', 'show this help');
  for (const { flags, text, repeat, choices } of module.options ?? []) {
    const option = new Option(flags, text);
    if (choices !== undefined) option.choices(choices);
    if (repeat === 'yes') {
      option.argParser<readonly string[] | undefined>((value, before) => {
        // commander checks choices by a parser of its own, which this one replaces.
        if (choices?.includes(value) === false) throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
        return [...(before ?? []), value];
      });
    }
    command.addOption(option);
  }
  for (const { flags, value, text } of GLOBAL_OPTIONS) {
    command.addOption(new Option(`${flags.join(', ')}${value === null ? '' : ` <${value}>`}`, text).helpGroup('Options of every command:'));
  }
  command.argument('[operands...]').allowExcessArguments(true).showSuggestionAfterError(true);
  command.addHelpText('after', `\nExamples:\n${examplesText(module.examples)}`);
  // The generic argument is only there to collect words; the usage line says what they are.
  command.configureHelp({ visibleArguments: () => [] });
  return command;
}

function describe(summary: string, { about }: CommandModule): string {
  const first = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return about === undefined ? first : `${first}\n\n${about}`;
}

function examplesText(examples: readonly Example[]): string {
  return examples.map(({ line, text }) => `  $ ${line}\n      ${text}\n`).join('');
}
