import type { Printer } from './output/printer.ts';

/** What every command works with. Nothing below reads `process` for these. */
export interface Cli {
  readonly printer: Printer;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** `--config`. */
  readonly configFile: string | undefined;
  /** `--tmux-socket`. */
  readonly tmuxSocket: string | undefined;
  /** `--state-dir`, absolute. */
  readonly stateDir: string | undefined;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly interrupted: AbortSignal;
  /** Tells the program that this command answers interrupts itself, so that its exit code holds. */
  readonly answerInterrupts: () => void;
  /** What to tell a person whose interrupt ends the command: what has been done by then. Asked for at that moment. */
  readonly explainInterrupt: (how: () => string) => void;
  readonly stdin: NodeJS.ReadStream;
}
