import { constants } from 'node:os';

import type { ReadyOutcome } from '@longhaul/sessions';

import type { Cli } from './cli-context.ts';
import { EXIT } from './exit-code.ts';
import { printable } from './output/printable.ts';
import { endText, jobExitCode } from './output/session-text.ts';

/** Says what came of waiting for readiness; the exit code. A job that ended before it was ready has not succeeded, whatever its own code. */
export function reportReadiness(name: string, result: ReadyOutcome, { printer }: Cli): number {
  printer.result(result, () => '');
  const why = 'problem' in result && result.problem !== null ? `: ${printable(result.problem)}` : '';
  switch (result.outcome) {
    case 'ready':
      printer.note(`${printable(name)} is ready`);
      return EXIT.OK;
    case 'timedOut':
      printer.note(`${printable(name)} is not ready yet${why}`);
      return EXIT.TIMEOUT;
    case 'ended':
      printer.note(`${printable(name)} ended before it was ready: ${endText(result.status)}`);
      return (jobExitCode(result.status, constants.signals) ?? 0) || EXIT.OWN_FAILURE;
  }
}
