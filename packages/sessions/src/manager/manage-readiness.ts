import { setTimeout as delay } from 'node:timers/promises';

import { SessionConfigError } from '@longhaul/errors';
import { systemRunner } from '@longhaul/exec';

import type { CurrentRun } from '../current-run.ts';
import { recordReady } from '../ready/record-ready.ts';
import { readyProbe } from '../ready/ready-probe.ts';
import type { ReadyOutcome, ReadyWait } from '../ready/wait-until-ready.ts';
import { waitUntilReady } from '../ready/wait-until-ready.ts';
import type { RunStore } from '../run-store.ts';
import type { AttachCommand, SessionBackend } from '../session-backend.ts';

/** What readiness of a session is looked for with. */
export interface ReadinessPorts {
  readonly runs: RunStore;
  /** null where the manager has no such backend: only a command needs it. */
  readonly backend: SessionBackend | null;
}

/** Waits for the current run of a session, with the check that was recorded for it. */
export function manageReadiness({ reading, claim }: CurrentRun, wait: ReadyWait, { runs, backend }: ReadinessPorts): Promise<ReadyOutcome> {
  const check = reading.spec?.ready ?? null;
  const exec = async (argv: readonly string[]): Promise<AttachCommand> => {
    if (backend === null) throw new SessionConfigError(`whether session "${claim.session}" is ready is asked by a command, and this Longhaul has no backend for it`);
    return backend.exec(claim.session, argv);
  };
  return waitUntilReady(reading.run, wait, {
    observe: (run) => runs.observe(run),
    probe: (run) => (check === null ? null : readyProbe(check, run, { runner: () => systemRunner({ engine: 'node' }), exec })),
    record: recordReady,
    now: () => performance.now(),
    sleep: async (ms, signal) => {
      // What it throws when it is aborted names no reason; the loop does.
      await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    },
  });
}
