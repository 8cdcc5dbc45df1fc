import { isLonghaulError } from '@longhaul/errors';
import type { RestartPolicy, SessionStatus } from '@longhaul/sessions';
import { newRunId, NO_RESTART, SessionManager, siblingRun } from '@longhaul/sessions';
import { describe, expect, it } from 'vitest';

import type { SuiteContext } from './describe-session-backend.ts';
import { eventually } from './eventually.ts';
import type { SessionBackendFeatures } from './session-backend-subject.ts';
import { sh } from './session-bench.ts';

const QUICK: RestartPolicy = { ...NO_RESTART, mode: 'on-failure', delayMs: 50, maxDelayMs: 200 };
/** Nobody waits for its end. */
const HOUR: RestartPolicy = { ...NO_RESTART, mode: 'always', delayMs: 3_600_000, maxDelayMs: 3_600_000 };

export function describeRestart({ bench, subject }: SuiteContext, { restart }: SessionBackendFeatures): void {
  const once = async (name: string, what: string, pleases: (status: SessionStatus) => boolean): Promise<SessionStatus> =>
    eventually(`${what} of "${name}"`, async () => {
      const status = await bench().status(name);
      return pleases(status) ? status : null;
    });
  const isOver = (status: SessionStatus): boolean => status.restart !== null && status.restart.ended !== null;
  const isWaiting = (status: SessionStatus): boolean => status.state === 'restarting' && typeof status.restart?.next?.at === 'string';

  // Not skipped: a test that is skipped says that something was not looked at.
  if (restart === 'no') return;
  describe('a restart policy', () => {
    it('starts a job that fails again until it gives up, each attempt a run with code and log of its own', async () => {
      const { run: first } = await bench().start('crashes', sh('echo "I am $LONGHAUL_TEST_NAME"; exit 3'), { restart: { ...QUICK, maxRestarts: 3 }, env: [...subject().spec('x', ['true']).env, { name: 'LONGHAUL_TEST_NAME', value: "a'b c" }] });
      const status = await once('crashes', 'the end of the loop', isOver);
      expect(status).toMatchObject({ state: 'exited', exitCode: 3, attempt: 4, restart: { mode: 'on-failure', maxRestarts: 3, inRow: 3, firstRunId: first.runId, ended: 'gave-up', next: null, previous: { exitCode: 3, reason: 'exit' } } });
      const runs = (await subject().runs.runs({ session: 'crashes' })).toReversed();
      expect(runs.map((run) => subject().runs.status(run))).toMatchObject([1, 2, 3, 4].map((attempt) => ({ attempt, exitCode: 3, reason: 'exit', restart: { inRow: attempt - 1 } })));
      for (const { runId } of runs) expect(await bench().log('crashes', { runId })).toBe("I am a'b c\n");
      expect(await (await subject().reopen()).status('crashes')).toEqual({ kind: 'present', status });
    });

    it('leaves a job that succeeds alone', async () => {
      await bench().start('succeeds', sh('exit 0'), { restart: QUICK });
      expect(await once('succeeds', 'the end of the loop', isOver)).toMatchObject({ state: 'exited', exitCode: 0, attempt: 1, restart: { ended: 'succeeded' } });
    });

    it('keeps the name while it waits, says when the next attempt comes, and ends when it is stopped', async () => {
      await bench().start('waits', sh('exit 4'), { restart: HOUR });
      const status = await once('waits', 'the pause', isWaiting);
      expect(status).toMatchObject({ pid: null, exitCode: 4, attempt: 1, restart: { next: { attempt: 2 }, ended: null, problem: null } });
      expect((await bench().backend.list()).sessions.filter(({ managed }) => managed).map(({ name, state }) => ({ name, state }))).toEqual([{ name: 'waits', state: 'restarting' }]);
      const claim: unknown = await subject().runs.claim(subject().spec('waits', ['true']).name, newRunId()).then(() => null, (error: unknown) => error);
      expect(isLonghaulError(claim, 'SESSION_EXISTS')).toBe(true);
      const removal: unknown = await bench().backend.remove('waits').then(() => null, (error: unknown) => error);
      expect(isLonghaulError(removal, 'SESSION_STOP')).toBe(true);
      const report = await bench().backend.stop('waits', { how: 'graceful', requestedBy: 'the suite' });
      expect(report).toMatchObject({ step: 'signal', killed: [], status: { state: 'stopped', exitCode: 4, stoppedBy: { who: 'the suite' }, restart: { ended: 'stopped', next: null } } });
    });

    it('never starts again what was stopped while it ran', async () => {
      await bench().start('stopped', sh('echo up; sleep 600'), { restart: { ...QUICK, mode: 'always' } });
      await bench().logHas('stopped', 'up');
      await bench().backend.stop('stopped', { how: 'force', requestedBy: 'the suite' });
      expect(await once('stopped', 'the end of the loop', isOver)).toMatchObject({ state: 'stopped', attempt: 1, restart: { ended: 'stopped' } });
      expect(await subject().runs.runs({ session: 'stopped' })).toHaveLength(1);
    });

    it('goes on where the launcher was killed in the pause, once somebody looks, and only one of them that do', async () => {
      const { run } = await bench().start('orphaned', sh('exit 4'), { restart: HOUR });
      await once('orphaned', 'the pause', isWaiting);
      const killed = (await subject().runs.records(run)).restart?.pid ?? 0;
      process.kill(killed, 'SIGKILL');
      await eventually('a loop without its launcher', () => Promise.resolve(subject().runs.currentStatus(run.session)?.restart?.ended === 'lost' ? true : null));
      const manager = (): SessionManager => new SessionManager({ stateDir: subject().runs.stateDir, runs: subject().runs, backends: [bench().backend] });
      const [status, , listing] = await Promise.all([manager().status('orphaned'), manager().status('orphaned'), manager().list({ whose: 'ours' })]);
      expect(status).toMatchObject({ state: 'restarting', exitCode: 4, attempt: 1, restart: { ended: null } });
      expect(listing.sessions.map(({ name, state }) => ({ name, state }))).toEqual([{ name: 'orphaned', state: 'restarting' }]);
      const follower = await eventually('who goes on', async () => {
        const { restart } = await subject().runs.records(run);
        return restart !== null && restart.pid !== killed ? restart : null;
      });
      expect((await subject().runs.records(run)).launcher?.pid).toBe(follower.pid);
      expect(await bench().backend.stop('orphaned', { how: 'graceful', requestedBy: 'the suite' })).toMatchObject({ status: { state: 'stopped', restart: { ended: 'stopped' } } });
    });

    it('goes on where the launcher was killed under the job', async () => {
      const { run, status } = await bench().start('bereft', sh('echo up; exec sleep 600'), { restart: { ...QUICK, mode: 'always', maxRestarts: 1 } });
      await bench().logHas('bereft', 'up');
      process.kill((await subject().runs.records(run)).launcher?.pid ?? 0, 'SIGKILL');
      process.kill(status.pid ?? 0, 'SIGKILL');
      const manager = new SessionManager({ stateDir: subject().runs.stateDir, runs: subject().runs, backends: [bench().backend] });
      const second = await eventually('the second attempt', async () => {
        const seen = await manager.status('bereft');
        return seen.state === 'running' && seen.attempt === 2 ? seen : null;
      });
      expect(second).toMatchObject({ restart: { inRow: 1, firstRunId: run.runId, previous: { runId: run.runId } } });
      expect((await subject().runs.records(run)).exit).not.toBeNull();
      await bench().backend.stop('bereft', { how: 'force' });
    });

    it('of a loop that nobody goes on with, a stop is the end', async () => {
      const { run } = await bench().start('given-up', sh('exit 4'), { restart: HOUR });
      await once('given-up', 'the pause', isWaiting);
      process.kill((await subject().runs.records(run)).restart?.pid ?? 0, 'SIGKILL');
      await eventually('a loop without its launcher', () => Promise.resolve(subject().runs.currentStatus(run.session)?.restart?.ended === 'lost' ? true : null));
      await bench().backend.stop('given-up', { how: 'graceful', requestedBy: 'the suite' });
      const manager = new SessionManager({ stateDir: subject().runs.stateDir, runs: subject().runs, backends: [bench().backend] });
      expect(await manager.status('given-up')).toMatchObject({ state: 'stopped', restart: { ended: 'stopped' } });
    });

    it('lets who waits for the end wait for the last attempt', async () => {
      const { run } = await bench().start('twice', sh('exit 5'), { restart: { ...QUICK, maxRestarts: 1 } });
      const manager = new SessionManager({ stateDir: subject().runs.stateDir, runs: subject().runs, backends: [bench().backend] });
      expect(await manager.wait('twice', { for: 'exit' })).toMatchObject({ outcome: 'exited', status: { exitCode: 5, attempt: 2, restart: { ended: 'gave-up', previous: { runId: run.runId } } } });
      const { next } = await subject().runs.records(run);
      expect(next).not.toBeNull();
      if (next !== null) expect(subject().runs.status(siblingRun(run, next))).toMatchObject({ attempt: 2, exitCode: 5 });
    });
  });

  describe('a restart by hand', () => {
    it('starts the same again with the same environment, in a run of its own', async () => {
      const value = "it's\na value";
      const { run } = await bench().start('again', sh('printf "<%s>" "$LONGHAUL_TEST_VALUE"; echo " up"; exec sleep 600'), { env: [...subject().spec('x', ['true']).env, { name: 'LONGHAUL_TEST_VALUE', value }] });
      await bench().logHas('again', 'up');
      const manager = new SessionManager({ stateDir: subject().runs.stateDir, runs: subject().runs, backends: [bench().backend] });
      const status = await manager.restart('again', { how: 'force' });
      expect(status).toMatchObject({ state: 'running', attempt: 1 });
      expect(status.runId).not.toBe(run.runId);
      expect(await bench().logHas('again', 'up')).toBe(`<${value}> up\n`);
      expect(subject().runs.status(run)).toMatchObject({ state: 'stopped' });
    });
  });
}
