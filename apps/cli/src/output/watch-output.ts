import { EXIT } from '../exit-code.ts';

/** What became of this program's output while it worked. */
export interface OutputWatch {
  /**
   * Whether there is nothing left to do once nobody reads: `longhaul logs x | head` ends when head does. What does work goes on to its end
   * and gives its own exit code: a closed pipe must not turn a failure into a success, nor leave a thing half done.
   */
  endsWithReader: boolean;
  /** What could not be written, and not because its reader had gone: a full disk. null: nothing. */
  readonly failure: Error | null;
}

/** Without it, the first line to a reader that has gone would end the program. */
export function watchOutput({ stdout, stderr }: { readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream }): OutputWatch {
  let failure: Error | null = null;
  // Until the command is known, only help is printed.
  const watch = { endsWithReader: true, get failure() { return failure; } };
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A pipe that was closed, a terminal that was hung up. From a disk, EIO is a failure like others.
    const readerLeft = error.code === 'EPIPE' || (error.code === 'EIO' && stdout.isTTY);
    if (watch.endsWithReader) process.exit(readerLeft ? EXIT.OK : EXIT.FAILED);
    if (!readerLeft) failure = error;
  });
  // There is nobody whom that could be told.
  stderr.on('error', () => undefined);
  return watch;
}
