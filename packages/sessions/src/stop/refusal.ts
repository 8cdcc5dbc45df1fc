/** Reason and hint of a stop that met processes of another user: the job called sudo, or a setuid program. */
export function refusal(pids: readonly number[]): readonly [reason: string, hint: string] {
  const [shown, it] = [pids.join(', '), pids.length === 1 ? 'it' : 'them'];
  return [`process ${shown} may not be signalled: another user's, as after sudo`, `End ${it} as that user, for example: sudo kill ${pids.join(' ')}`];
}
