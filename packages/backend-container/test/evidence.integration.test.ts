import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { processInfo } from '@longhaul/exec';
import { lossesOf } from '@longhaul/sessions';
import { waitFor } from '@longhaul/testbed';
import { expect, it } from 'vitest';

import { describeBoth } from './both-engines.ts';
import { containerBed, ended, exitRecord, logHas, logOf, sh } from './container-bed.ts';

/** Prints numbered lines until it is ended. */
const COUNTING = sh('i=0; while :; do echo "line $i"; i=$((i + 1)); sleep 0.01; done');

/** "line 0" to the last one, without a gap. */
function isCounted(log: string): boolean {
  const lines = log.split('\n').slice(0, -1);
  return lines.length > 0 && lines.every((line, index) => line === `line ${String(index)}`);
}

describeBoth('the evidence of a container', (engine, runtime) => {
  // podman takes four times as long as docker for each.
  const jobs = runtime === 'podman' ? 20 : 40;

  it(`keeps code and whole log of ${String(jobs)} that end at once, 4 at a time`, { timeout: 300_000 }, async () => {
    const bed = await containerBed(engine());
    const wrong: unknown[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let n = next++; n < jobs; n = next++) {
        const { run } = await bed.start(`job-${String(n)}`, sh(`echo "first ${String(n)}"; echo "error ${String(n)}" >&2; printf "last ${String(n)}"; exit ${String(n)}`), { container: { init: 'no' } });
        const { exitCode, reason, oomKilled } = await exitRecord(bed, run);
        const { stdout, stderr } = await logOf(run);
        if (exitCode !== n || reason !== 'exit' || oomKilled !== false || stdout !== `first ${String(n)}\nlast ${String(n)}` || stderr !== `error ${String(n)}\n`) wrong.push({ n, exitCode, reason, oomKilled, stdout, stderr });
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(wrong).toEqual([]);
  });

  it('survives rm -f by somebody else: the log so far, the end, a code only where the engine still tells it', async () => {
    const bed = await containerBed(engine());
    const { run } = await bed.start('removed', COUNTING);
    await logHas(run, 'line 20\n');
    await bed.engine.run('rm', '--force', 'removed');
    const record = await exitRecord(bed, run);
    expect(record).toMatchObject({ signal: null, stoppedBy: null });
    expect([{ exitCode: 137, reason: 'exit' }, { exitCode: 143, reason: 'exit' }, { exitCode: null, reason: 'lost' }]).toContainEqual({ exitCode: record.exitCode, reason: record.reason });
    const { all } = await logOf(run);
    expect(isCounted(all) && all.includes('line 20\n')).toBe(true);
    expect(await bed.backend.status('removed')).toMatchObject({ kind: 'present', status: { state: 'exited', exitCode: record.exitCode } });
  });

  it('removes the container once its end is on the disk, with its anonymous volumes, and never a volume that has a name', async () => {
    const bed = await containerBed(engine());
    await bed.engine.run('volume', 'create', 'precious');
    const { run } = await bed.start('tidy', sh('echo data > /data/kept; exit 3'), { container: { volumes: [{ source: 'precious', target: '/data', mode: 'rw' }] } });
    expect(await ended(bed, run)).toMatchObject({ exitCode: 3 });
    await waitFor(async () => (await bed.engine.tryRun('container', 'inspect', 'tidy')).code !== 0, { deadline: 60_000, what: 'the removal of the container' });
    expect(await bed.engine.run('volume', 'ls', '--quiet')).toContain('precious');
    const again = await bed.start('reader', sh('cat /data/kept'), { container: { volumes: [{ source: 'precious', target: '/data', mode: 'ro' }] } });
    await ended(bed, again.run);
    expect((await logOf(again.run)).stdout).toBe('data\n');
    await bed.engine.tryRun('volume', 'rm', '--force', 'precious');
  });

  it('says of a memory limit that was reached that it was, and of exit code 137 that it was not', async () => {
    const bed = await containerBed(engine());
    const hog = await bed.start('hog', sh('x=$(head -c 200000000 /dev/zero | tr "\\000" x); echo "${#x}"'), { container: { memoryBytes: 24 * 1024 * 1024, init: 'no' } });
    const code = await bed.start('code', sh('exit 137'), { container: { memoryBytes: 24 * 1024 * 1024, init: 'no' } });
    expect(await exitRecord(bed, hog.run)).toMatchObject({ exitCode: 137, oomKilled: true, signal: 'SIGKILL', reason: 'signal', stoppedBy: null });
    expect(await exitRecord(bed, code.run)).toMatchObject({ exitCode: 137, oomKilled: false, signal: null, reason: 'exit', stoppedBy: null });
  });

  it('is truthful without the launcher: the container goes on, stop works, and the end is recorded', async () => {
    const bed = await containerBed(engine());
    const { run, status } = await bed.start('orphan', COUNTING);
    await logHas(run, 'line 5\n');
    await killLauncher(run.path);
    expect(await bed.backend.status('orphan')).toMatchObject({ kind: 'present', status: { state: 'running', pid: status.pid } });
    const report = await bed.another().stop('orphan', { how: 'graceful', timeoutMs: 500, requestedBy: 'the test' });
    expect(report).toMatchObject({ status: { state: 'stopped', reason: 'stopped', stoppedBy: { who: 'the test' } } });
    expect(report.status.exitCode).toBeGreaterThan(128);
    expect(isCounted((await logOf(run)).all)).toBe(true);
  });

  it('is taken up by the next who asks, where launcher and container ended meanwhile', async () => {
    const bed = await containerBed(engine());
    const { run } = await bed.start('left', sh('echo up; while [ ! -e /shared/end ]; do sleep 0.05; done; echo over; exit 21'), { container: { volumes: [{ source: bed.work, target: '/shared', mode: 'rw' }] } });
    await logHas(run, 'up\n');
    await killLauncher(run.path);
    await bed.engine.run('exec', 'left', 'touch', '/shared/end');
    const presence = await waitFor(async () => {
      const found = await bed.backend.status('left');
      return found.kind === 'present' && found.status.exitCode !== null ? found.status : null;
    }, { deadline: 60_000, interval: 100, what: 'the record of the end' });
    expect(presence).toMatchObject({ state: 'exited', exitCode: 21, reason: 'exit' });
    expect((await logOf(run)).stdout).toBe('up\nover\n');
    expect(lossesOf(run)).toEqual([]);
  });

  it('stays true when what reads its output is killed: no line is lost where the engine keeps them', async () => {
    const bed = await containerBed(engine());
    const script = runtime === 'docker' ? 'i=0; while [ ! -e /shared/end ]; do echo "line $i"; i=$((i + 1)); sleep 0.02; done; exit 22' : 'echo "line 0"; while [ ! -e /shared/end ]; do sleep 0.02; done; exit 22';
    const { run, status } = await bed.start('reader', sh(script), { container: { volumes: [{ source: bed.work, target: '/shared', mode: 'rw' }] } });
    await logHas(run, 'line 0\n');
    const [pid] = readFileSync(`${run.path}/${runtime === 'docker' ? 'follow.pid' : 'conmon.pid'}`, 'utf8').split(' ');
    process.kill(Number(pid), 'SIGKILL');
    expect(await bed.backend.status('reader')).toMatchObject({ kind: 'present', status: { state: 'running', pid: status.pid } });
    if (runtime === 'docker') await logHas(run, 'line 100\n');
    writeFileSync(`${bed.work}/end`, '');
    const record = await exitRecord(bed, run);
    // Nobody but conmon ever learns the code from the kernel.
    expect(runtime === 'docker' ? [22] : [22, null]).toContain(record.exitCode);
    expect(isCounted((await logOf(run)).all)).toBe(true);
    // Nobody writes down what is printed without conmon; docker keeps its log by itself, and was there all the time.
    expect(lossesOf(run)).toMatchObject(runtime === 'docker' ? [] : [{ kind: 'gap', reason: expect.stringMatching(/^what writes the log/) as string }]);
  });
});

/** kill -9, which leaves it no time to say anything. */
async function killLauncher(path: string): Promise<void> {
  const { pid } = JSON.parse(readFileSync(`${path}/launcher.json`, 'utf8')) as { readonly pid: number };
  process.kill(pid, 'SIGKILL');
  await waitFor(() => {
    const info = processInfo(pid);
    return info === null || info.state === 'zombie';
  }, { what: 'the end of the launcher' });
  expect(existsSync(`${path}/exit.json`)).toBe(false);
}
