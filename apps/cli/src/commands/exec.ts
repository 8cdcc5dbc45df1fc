import { replaceProcess, systemRunner } from '@longhaul/exec';
import type { AttachCommand } from '@longhaul/sessions';

import { BACKEND_OPTION, backendChoice } from '../backend-option.ts';
import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const exec: CommandModule = {
  usage: 'NAME [options] -- COMMAND ARG…',
  about:
    "The program runs beside the job, with the job's folder and environment, and with your stdin, stdout and stderr, terminal or not. Each argument arrives as it is, without a shell. Exits with the program's own code (127: not found, 126: cannot be run); its own failure is 125.",
  examples: [
    { line: 'longhaul exec train -- nvidia-smi', text: 'look at what the job sees' },
    { line: 'longhaul exec train -C runs/today -- du -sh .', text: "in another folder, relative to the job's" },
    { line: "longhaul exec train -- sh -c 'echo $CUDA_VISIBLE_DEVICES'", text: 'a shell, where you want one' },
  ],
  options: [{ flags: '-C, --directory <DIR>', text: "run it in this folder, relative to the job's own" }, BACKEND_OPTION],
  takesCommand: 'yes',
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options, command }) => {
    if (command === null || command.length === 0) throw new UsageError('there is no program to run', `longhaul exec ${name} -- COMMAND ARG…`);
    const workingDir = options.text('directory');
    const terminal = cli.printer.format === 'human' && cli.stdin.isTTY && cli.printer.isTerminal ? 'yes' : 'no';
    return await withHost(cli, async (host) => {
      const beside = await host.sessions.exec(name, command, { ...backendChoice(options), terminal, ...(workingDir === null ? {} : { workingDir }) });
      return cli.printer.format === 'json' ? await runForJson(beside, cli) : await replaceProcess({ program: beside.program, args: beside.args, env: { base: 'empty', set: beside.env } });
    });
  },
};

/** With --json the streams are part of the answer: the last 8 MiB of each. */
async function runForJson({ program, args, env }: AttachCommand, { printer, interrupted }: Cli): Promise<number> {
  const outcome = await systemRunner({ engine: 'node' }).run({ program, args, env: { base: 'empty', set: env }, stdin: 'inherit', signal: interrupted });
  const { exitCode, signal } = 'exitCode' in outcome || 'signal' in outcome ? { exitCode: null, signal: null, ...outcome } : { exitCode: null, signal: null };
  printer.result({ exitCode, signal, stdout: outcome.stdout.text, stderr: outcome.stderr.text, complete: outcome.stdout.complete && outcome.stderr.complete }, () => '');
  return exitCode ?? EXIT.OWN_FAILURE;
}
