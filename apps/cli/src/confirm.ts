import type { Cli } from './cli-context.ts';
import { printableMessage } from './output/printable.ts';
import { UsageError } from './usage-error.ts';

/**
 * Asks a person whether to go on. Only on a terminal: elsewhere nobody could answer.
 *
 * @throws UsageError off a terminal, naming the flag that answers
 */
export async function confirm(question: string, { stdin, interrupted }: Cli): Promise<boolean> {
  if (!stdin.isTTY || !process.stderr.isTTY) throw new UsageError(`this needs an answer: ${question}`, 'answer with --yes, or see what would be done with --dry-run');
  // Loaded here: a list must not pay for a question.
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({ input: stdin, output: process.stderr });
  // On a terminal the prompt takes Ctrl-C for itself; it means the same as everywhere.
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  // Ctrl-D closes it without an answer, and that is none.
  const closed = new AbortController();
  prompt.once('close', () => { closed.abort(); });
  try {
    const answer = await prompt.question(`${printableMessage(question)} [y/N] `, { signal: AbortSignal.any([interrupted, closed.signal]) });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch (error) {
    if (interrupted.aborted || !closed.signal.aborted) throw error;
    process.stderr.write('\n');
    return false;
  } finally {
    prompt.close();
  }
}
