import { SessionManager } from '@longhaul/sessions';
import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import { sh } from './session-bench.ts';

export function describeReady({ bench, subject }: SuiteContext): void {
  const manager = (): SessionManager => new SessionManager({ stateDir: subject().runs.stateDir, runs: subject().runs, backends: [bench().backend] });

  describe('readiness', () => {
    it('comes with a line of the log', async () => {
      await bench().start('slow', sh('echo starting; sleep 0.3; echo "listening on port 80"; sleep 600'), { ready: { kind: 'log', pattern: '^listening on port \\d+$' } });
      expect(await bench().status('slow')).toMatchObject({ ready: { check: 'log' } });
      const first = await manager().waitUntilReady('slow');
      expect(first).toMatchObject({ outcome: 'ready', status: { state: 'running' } });
      // It is on record: who asks later is told the same at once.
      expect(first.status.ready?.at).toEqual(expect.any(String));
      expect(await bench().status('slow')).toMatchObject({ ready: first.status.ready });
      expect((await manager().list({ whose: 'ours' })).sessions).toMatchObject([{ name: 'slow', ready: first.status.ready }]);
      expect(await manager().waitUntilReady('slow', { timeoutMs: 0 })).toMatchObject({ outcome: 'ready', status: { ready: first.status.ready } });
      expect(await bench().log('slow')).toContain('listening on port 80\n');
    });

    it('is asked of a command beside the job, with its environment', async () => {
      const env = [...subject().spec('x', ['true']).env, { name: 'LONGHAUL_TEST_FILE', value: `/tmp/longhaul suite ${String(process.pid)}` }];
      // The file is the job's own: two jobs of the suite never run at once.
      await bench().start('asked', sh('rm -f "$LONGHAUL_TEST_FILE"; sleep 0.3; : > "$LONGHAUL_TEST_FILE"; trap "rm -f \\"$LONGHAUL_TEST_FILE\\"; exit 0" INT TERM; while :; do sleep 0.1; done'), { env, ready: { kind: 'command', argv: sh('test -e "$LONGHAUL_TEST_FILE"') } });
      expect(await manager().waitUntilReady('asked')).toMatchObject({ outcome: 'ready' });
      await bench().backend.stop('asked', { how: 'graceful' });
    });

    it('comes at once where nothing is asked for', async () => {
      await bench().start('plain', sh('sleep 600'));
      expect(await manager().waitUntilReady('plain')).toMatchObject({ outcome: 'ready', status: { state: 'running' } });
    });

    it('never comes to a job that ends before, and its code is told', async () => {
      await bench().start('fails', sh('echo no; exit 6'), { ready: { kind: 'log', pattern: 'listening' } });
      expect(await manager().waitUntilReady('fails')).toMatchObject({ outcome: 'ended', status: { state: 'exited', exitCode: 6 } });
    });

    it('is waited for no longer than it is told to', async () => {
      await bench().start('never', sh('sleep 600'), { ready: { kind: 'log', pattern: 'listening' } });
      expect(await manager().waitUntilReady('never', { timeoutMs: 300 })).toMatchObject({ outcome: 'timedOut', problem: expect.stringContaining('log') as string, status: { state: 'running' } });
    });
  });
}
