import { waitFor } from '@longhaul/testbed';
import { expect, it } from 'vitest';

import { describeBoth } from './both-engines.ts';
import { containerBed, logOf, sh } from './container-bed.ts';

describeBoth('a restart loop around containers', (engine) => {
  it('gives every attempt a run and a container of its own, keeps the environment, and gives up as it was told', async () => {
    const bed = await containerBed(engine());
    const restart = { mode: 'on-failure', maxRestarts: 2, delayMs: 50, maxDelayMs: 100, resetMs: 600_000 } as const;
    const env = [{ name: 'WORD', value: 'two\nlines' }, { name: 'PLAIN', value: 'plain' }];
    const { run } = await bed.start('loop', sh('echo "$PLAIN $WORD $(cat /etc/hostname 2>/dev/null)"; exit 3'), { restart, env });
    const last = await waitFor(() => {
      const status = bed.runs.currentStatus(run.session);
      return status?.restart?.ended === 'gave-up' ? status : null;
    }, { deadline: 120_000, interval: 50, what: 'the end of the loop' });
    expect(last).toMatchObject({ state: 'exited', exitCode: 3, attempt: 3 });
    const runs = await bed.runs.runs({ session: run.session });
    expect(runs.length).toBe(3);
    for (const attempt of runs) {
      expect(bed.runs.status(attempt)).toMatchObject({ exitCode: 3, reason: 'exit' });
      expect((await logOf(attempt)).stdout).toMatch(/^plain two\nlines /);
    }
  });

  it('is ended by a stop, in a run as between two', async () => {
    const bed = await containerBed(engine());
    const restart = { mode: 'always', maxRestarts: null, delayMs: 60_000, maxDelayMs: 60_000, resetMs: 600_000 } as const;
    const { run } = await bed.start('pause', sh('exit 0'), { restart });
    await waitFor(() => (bed.runs.currentStatus(run.session)?.state === 'restarting' ? true : null), { deadline: 60_000, interval: 20, what: 'the pause between two attempts' });
    expect(await bed.backend.stop('pause', { how: 'graceful' })).toMatchObject({ status: { state: 'stopped' } });
    const second = await bed.start('running', sh('trap "exit 0" TERM; echo up; while :; do sleep 0.1; done'), { restart });
    await waitFor(async () => ((await logOf(second.run)).stdout === 'up\n' ? true : null), { deadline: 60_000, interval: 20, what: 'its first line' });
    expect(await bed.backend.stop('running', { how: 'graceful' })).toMatchObject({ step: 'signal', status: { state: 'stopped' } });
    expect((await bed.runs.runs({ session: second.run.session })).length).toBe(1);
  });
});
