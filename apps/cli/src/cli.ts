import path from 'node:path';

import { refuseMangledArguments } from './argv.ts';
import type { Cli } from './cli-context.ts';
import { currentFolder } from './current-folder.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { groupOverview, overview } from './help.ts';
import type { Interrupts } from './interrupts.ts';
import { watchInterrupts } from './interrupts.ts';
import type { LookedUp } from './look-up.ts';
import { lookUp } from './look-up.ts';
import { Printer } from './output/printer.ts';
import type { OutputWatch } from './output/watch-output.ts';
import { watchOutput } from './output/watch-output.ts';
import { describeError, stackOf } from './report-error.ts';

/** Runs one command line to its end. Gives the exit code; never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  const output = watchOutput(process);
  const before = ownArguments(argv);
  const env = before.includes('--no-color') ? { ...process.env, NO_COLOR: '1' } : process.env;
  const printer = new Printer({ stdout: process.stdout, stderr: process.stderr, env, format: before.includes('--json') ? 'json' : 'human' });
  using interrupts = watchInterrupts();
  const code = await attempt(argv, { printer, interrupts, output });
  const explanation = interrupts.explanation();
  if (explanation !== null) printer.note(explanation);
  await printer.flush();
  return interrupts.exitCode ?? code;
}

/** What stands after `--` is the job's. */
function ownArguments(argv: readonly string[]): readonly string[] {
  const dashes = argv.indexOf('--');
  return dashes === -1 ? argv : argv.slice(0, dashes);
}

interface Terminal {
  readonly printer: Printer;
  readonly interrupts: Interrupts;
  readonly output: OutputWatch;
}

async function attempt(argv: readonly string[], terminal: Terminal): Promise<number> {
  let asked: LookedUp | null = null;
  try {
    refuseMangledArguments(argv);
    asked = await lookUp(argv);
    if (asked.kind === 'command') return await runCommand(asked, terminal);
    process.stdout.write(asked.word === null ? overview() : groupOverview(asked.word));
    return EXIT.OK;
  } catch (error) {
    return report(error, asked, terminal);
  }
}

function report(error: unknown, asked: LookedUp | null, { printer, interrupts }: Terminal): number {
  // What an interrupt broke off needs no explanation.
  if (interrupts.exitCode !== null) return interrupts.exitCode;
  printer.error(describeError(error));
  if ((process.env['LONGHAUL_DEBUG'] ?? '') !== '') process.stderr.write(`${stackOf(error)}\n`);
  const code = exitCodeOf(error);
  return asked?.kind === 'command' && PASSES_ON.has(asked.entry.path) ? EXIT.OWN_FAILURE : code;
}

/** These pass on the job's own code, so that every failure of their own must be another one (design §8). */
const PASSES_ON: ReadonlySet<string> = new Set(['run', 'wait', 'exec']);

async function runCommand({ entry, argv, command }: LookedUp & { kind: 'command' }, terminal: Terminal): Promise<number> {
  const { module, parseCall } = await entry.load();
  const parsed = parseCall({ entry, module, argv, command });
  if (parsed.kind === 'help') {
    process.stdout.write(parsed.text);
    return EXIT.OK;
  }
  terminal.output.endsWithReader = ENDS_WITH_READER.has(entry.path);
  const { options } = parsed.call;
  const stateDir = options.text('stateDir');
  const cli: Cli = {
    printer: terminal.printer,
    env: process.env,
    cwd: currentFolder(),
    configFile: options.text('config') ?? undefined,
    tmuxSocket: options.text('tmuxSocket') ?? undefined,
    stateDir: stateDir === null ? undefined : path.resolve(currentFolder(), stateDir),
    interrupted: terminal.interrupts.signal,
    answerInterrupts: terminal.interrupts.answer,
    explainInterrupt: terminal.interrupts.explain,
    // Asked for by few, and opening it costs.
    get stdin() {
      return process.stdin;
    },
  };
  const code = await module.run(cli, parsed.call);
  await terminal.printer.flush();
  if (terminal.output.failure === null) return code;
  if (code === EXIT.OK) throw terminal.output.failure;
  terminal.printer.error(describeError(terminal.output.failure));
  return code;
}

/** Commands that do nothing but print, and may print without end. */
const ENDS_WITH_READER: ReadonlySet<string> = new Set(['logs']);
