import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import { sh } from './session-bench.ts';

export function describeEnd({ bench, subject }: SuiteContext): void {
  describe('the end of a job', () => {
    it.each([0, 1, 7, 127, 255])('keeps exit code %i', async (code) => {
      await bench().start('code', sh(`exit ${String(code)}`));
      expect(await bench().end('code')).toMatchObject({ state: 'exited', exitCode: code, signal: null, reason: 'exit', stoppedBy: null, pid: null });
    });

    it('keeps 128 + n for a job that a signal ended', async () => {
      await bench().start('signal', sh('kill -TERM $$; sleep 60'));
      const status = await bench().end('signal');
      expect(status).toMatchObject({ state: 'exited', exitCode: 143 });
      expect([null, 'SIGTERM']).toContain(status.signal);
    });

    it('is known to another process too, with the whole log', async () => {
      await bench().start('kept', sh('echo first; echo last; exit 9'));
      const before = await bench().end('kept');
      const other = await subject().reopen();
      expect(await other.status('kept')).toEqual({ kind: 'present', status: before });
      expect(await bench().log('kept')).toBe('first\nlast\n');
    });

    it('is seen in the list', async () => {
      await bench().start('short', sh('exit 4'));
      await bench().start('long', sh('sleep 60'));
      await bench().end('short');
      const { sessions, unavailable } = await bench().backend.list();
      const ours = sessions.filter(({ managed }) => managed).map(({ name, state, exitCode }) => ({ name, state, exitCode }));
      expect(ours.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
        { name: 'long', state: 'running', exitCode: null },
        { name: 'short', state: 'exited', exitCode: 4 },
      ]);
      expect(unavailable).toBeNull();
    });
  });
}
