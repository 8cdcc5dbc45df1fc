import type { Claim } from '../claim.ts';
import { runIdTime } from '../run-id.ts';
import type { SessionSpec } from '../session-spec.ts';
import { RESTART_SLOTS, SLOTS } from './launch-file-names.ts';
import { quoteForShell } from './shell-quote.ts';

/**
 * The text of restart.conf: what again.sh must know to make the next run by itself, as assignments for sh. The first line is the
 * attempt's own; the rest stays the same for all attempts of a start.
 */
export function formatRestartConfig({ restart, outputs }: Pick<SessionSpec, 'restart' | 'outputs'>, { session, number, runId, backend, owner }: Claim): string {
  const own = { lh_attempt: 1, lh_restarts: 0, lh_claim: number, lh_last: runIdTime(runId).getTime() };
  const rest = {
    lh_session: session,
    lh_backend: backend ?? '-',
    lh_mode: restart.mode,
    lh_max: restart.maxRestarts ?? '',
    lh_first_delay: restart.delayMs,
    lh_longest_delay: restart.maxDelayMs,
    lh_reset: restart.resetMs,
    lh_outputs: outputs.length === 0 ? 'no' : 'yes',
    // As a claim holds them, and as JSON does.
    lh_boot_claim: encodeURIComponent(owner.bootId),
    lh_host_claim: encodeURIComponent(owner.host),
    lh_boot_json: JSON.stringify(owner.bootId),
    lh_host_json: JSON.stringify(owner.host),
    lh_slots: Object.entries({ ...SLOTS, ...RESTART_SLOTS }).flat().join(' '),
  };
  return `${assignments(own).join(' ')}\n${assignments(rest).join('\n')}\n`;
}

function assignments(values: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${quoteForShell(String(value), name)}`);
}
