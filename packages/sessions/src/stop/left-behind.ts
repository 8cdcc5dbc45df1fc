import type { Ended } from './end-processes.ts';

/** What a stop could not end, for a person: another user's processes (the job called sudo, or a setuid program), and those that KILL does not end. Null where all are gone. */
export function leftBehind({ left, refused }: Pick<Ended, 'left' | 'refused'>): { readonly reason: string; readonly hint: string } | null {
  const stuck = left.filter((pid) => !refused.includes(pid));
  const parts = [...(refused.length > 0 ? [refusal(refused)] : []), ...(stuck.length > 0 ? [stuckness(stuck)] : [])];
  if (parts.length === 0) return null;
  return { reason: parts.map(({ reason }) => reason).join('; '), hint: parts.map(({ hint }) => hint).join('. ') };
}

function refusal(pids: readonly number[]): { readonly reason: string; readonly hint: string } {
  const it = pids.length === 1 ? 'it' : 'them';
  return { reason: `process ${pids.join(', ')} may not be signalled: another user's, as after sudo`, hint: `End ${it} as that user, for example: sudo kill ${pids.join(' ')}` };
}

function stuckness(pids: readonly number[]): { readonly reason: string; readonly hint: string } {
  const waits = pids.length === 1 ? 'It waits' : 'They wait';
  return { reason: `KILL did not end process ${pids.join(', ')}`, hint: `${waits} for the system: often a disk or network share that does not answer` };
}
