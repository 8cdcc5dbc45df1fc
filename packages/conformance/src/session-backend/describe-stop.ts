import { isLonghaulError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import { sh } from './session-bench.ts';

/** Catches what it is asked to end with, takes its time, and says so. */
const SLOW_END = sh('trap "echo closing; sleep 1; echo closed; exit 42" INT TERM; echo up; while :; do sleep 0.1; done');
const NEVER_ENDS = sh('trap "" INT TERM HUP; echo up; while :; do sleep 0.1; done');

export function describeStop({ bench }: SuiteContext): void {
  describe('stop', () => {
    it('lets a handler that needs one second finish, and says who asked', async () => {
      await bench().start('slow', SLOW_END);
      await bench().logHas('slow', 'up');
      const report = await bench().backend.stop('slow', { how: 'graceful', requestedBy: 'the suite' });
      expect(report).toMatchObject({ step: 'signal', killed: [], status: { state: 'stopped', exitCode: 42, reason: 'stopped', stoppedBy: { who: 'the suite', step: 'signal' } } });
      expect(await bench().log('slow')).toContain('closed\n');
    });

    it('kills one that never ends when the time is up, and says so', async () => {
      await bench().start('stubborn', NEVER_ENDS);
      await bench().logHas('stubborn', 'up');
      const report = await bench().backend.stop('stubborn', { how: 'graceful', timeoutMs: 300, requestedBy: 'the suite' });
      expect(report).toMatchObject({ step: 'kill', status: { state: 'stopped', exitCode: 137, stoppedBy: { who: 'the suite', step: 'kill' } } });
    });

    it('begins with KILL where it is told to force', async () => {
      await bench().start('forced', SLOW_END);
      await bench().logHas('forced', 'up');
      const report = await bench().backend.stop('forced', { how: 'force', requestedBy: 'the suite' });
      expect(report).toMatchObject({ step: 'kill', status: { state: 'stopped', exitCode: 137, stoppedBy: { who: 'the suite', step: 'kill' } } });
      expect(await bench().log('forced')).not.toContain('closing');
    });

    it('of a session that has ended changes nothing', async () => {
      await bench().start('over', sh('exit 5'));
      await bench().end('over');
      const report = await bench().backend.stop('over', { how: 'graceful' });
      expect(report).toMatchObject({ step: 'already-ended', signalled: [], killed: [], status: { state: 'exited', exitCode: 5, stoppedBy: null } });
    });

    it('may be asked twice at the same time', async () => {
      await bench().start('both', SLOW_END);
      await bench().logHas('both', 'up');
      const reports = await Promise.all([bench().backend.stop('both', { how: 'graceful' }), bench().backend.stop('both', { how: 'graceful' })]);
      for (const report of reports) expect(report.status).toMatchObject({ state: 'stopped' });
    });

    it('of a session that is not there is an error', async () => {
      const failure: unknown = await bench().backend.stop('nobody', { how: 'graceful' }).then(() => null, (error: unknown) => error);
      expect(isLonghaulError(failure, 'SESSION_NOT_FOUND')).toBe(true);
    });
  });
}
