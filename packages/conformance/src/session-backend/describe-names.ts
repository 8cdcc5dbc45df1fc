import { isLonghaulError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import { sh } from './session-bench.ts';

export function describeNames({ bench }: SuiteContext): void {
  describe('names', () => {
    it('are never taken for a prefix of another', async () => {
      await bench().start('train-2', sh('echo the second; sleep 60'));
      expect(await bench().backend.status('train')).toEqual({ kind: 'absent' });
      const failure: unknown = await bench().backend.stop('train', { how: 'force' }).then(() => null, (error: unknown) => error);
      expect(isLonghaulError(failure, 'SESSION_NOT_FOUND')).toBe(true);
      await bench().start('train', sh('echo the first; sleep 60'));
      await bench().backend.stop('train', { how: 'force' });
      expect(await bench().status('train')).toMatchObject({ state: 'stopped' });
      expect(await bench().status('train-2')).toMatchObject({ state: 'running' });
    });

    it('are kept by a job as long as it runs: remove refuses', async () => {
      await bench().start('busy', sh('sleep 60'));
      const failure: unknown = await bench().backend.remove('busy').then(() => null, (error: unknown) => error);
      expect(isLonghaulError(failure, 'SESSION_STOP')).toBe(true);
      expect(await bench().status('busy')).toMatchObject({ state: 'running' });
    });

    it('can be forgotten when the job has ended, and forgetting twice is harmless', async () => {
      await bench().start('done', sh('exit 3'));
      await bench().end('done');
      await bench().backend.remove('done');
      await bench().backend.remove('done');
      expect(await bench().log('done')).toBe('');
    });

    it('that nobody has are absent, not unknown', async () => {
      expect(await bench().backend.status('nobody')).toEqual({ kind: 'absent' });
      expect(await bench().backend.list()).toMatchObject({ unavailable: null });
    });
  });
}
