import type { Command } from './command.ts';

/** For `run`, where nobody holds the other end of a pipe: the program would wait for ever. */
export function withoutPipes(command: Command): Command {
  const { stdin, stdout, stderr } = command;
  if (stdin !== 'pipe' && stdout !== 'pipe' && stderr !== 'pipe') return command;
  return {
    ...command,
    stdin: stdin === 'pipe' ? 'ignore' : stdin,
    stdout: stdout === 'pipe' ? 'ignore' : stdout,
    stderr: stderr === 'pipe' ? 'ignore' : stderr,
  };
}
