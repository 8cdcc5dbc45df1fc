import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { isLonghaulError } from '@longhaul/errors';
import { processInfo } from '@longhaul/exec';
import { lossesOf } from '@longhaul/sessions';
import type { TestDockerd } from '@longhaul/testbed';
import { requireService, startDockerd, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import { describeBoth } from './both-engines.ts';
import { containerBed, ended, engineOfFile, logHas, logOf, sh } from './container-bed.ts';

/** Three times a hundred lines on each stream, the second when there is a file `second`, the third when there is a file `third`. */
const LINES = sh('i=0; lines() { while [ $i -lt $1 ]; do echo "out $i"; echo "err $i" >&2; i=$((i + 1)); done; }; until_there() { while [ ! -e "/shared/$1" ]; do sleep 0.05; done; }; lines 100; until_there second; lines 200; : > /shared/printed; until_there third; lines 300; echo whole; exit 9');

/** All of one stream. */
function lines(word: string): string {
  return Array.from({ length: 300 }, (_, index) => `${word} ${String(index)}\n`).join('');
}

describe.runIf(requireService('docker', 'busybox', 'root'))('a docker daemon that goes away under a running container', () => {
  const daemon = engineOfFile('docker', startDockerd) as () => TestDockerd;

  it('costs no line and doubles none, and the end is recorded once it is back', { timeout: 240_000 }, async () => {
    const bed = await containerBed(daemon());
    const { run } = await bed.start('follow', LINES, { container: { volumes: [{ source: bed.work, target: '/shared', mode: 'rw' }] } });
    await logHas(run, 'out 99\n');
    await logHas(run, 'err 99\n');
    await daemon().stop('kill');
    writeFileSync(`${bed.work}/second`, '');
    await waitFor(() => existsSync(`${bed.work}/printed`), { deadline: 60_000, what: 'the lines that are printed without a daemon' });
    // The record answers as long as it does not.
    expect(await bed.backend.status('follow')).toMatchObject({ kind: 'present', status: { state: 'running' } });
    const { sessions, unavailable } = await bed.backend.list();
    expect(sessions.map(({ name, state }) => ({ name, state }))).toEqual([{ name: 'follow', state: 'running' }]);
    expect(isLonghaulError(unavailable, 'BACKEND_UNAVAILABLE')).toBe(true);
    expect(await bed.backend.status('nobody')).toMatchObject({ kind: 'unknown' });
    await daemon().start();
    writeFileSync(`${bed.work}/third`, '');
    expect(await ended(bed, run)).toMatchObject({ exitCode: 9, reason: 'exit' });
    const { stdout, stderr } = await logOf(run);
    expect(stdout).toBe(`${lines('out')}whole\n`);
    expect(stderr).toBe(lines('err'));
    // Whether it had lines in its memory when it was killed nobody knows.
    expect(lossesOf(run)).toMatchObject([{ kind: 'gap', reason: expect.stringMatching(/^the engine was away, and may have taken along/) as string }]);
  });

  it('may lose what is printed before a job ends without it: the log says so, and no code is made up', { timeout: 240_000 }, async () => {
    const bed = await containerBed(daemon());
    const options = { container: { volumes: [{ source: bed.work, target: '/shared', mode: 'rw' as const }], init: 'no' as const } };
    const job = (code: number): readonly string[] => sh(`echo first; while [ ! -e /shared/go ]; do sleep 0.05; done; echo second; exit ${String(code)}`);
    const eight = await bed.start('eight', job(8), options);
    const last = await bed.start('last', job(255), options);
    for (const { run } of [eight, last]) await logHas(run, 'first\n');
    await daemon().stop('kill');
    writeFileSync(`${bed.work}/go`, '');
    await waitFor(() => [eight, last].every(({ status }) => processInfo(status.pid ?? 0) === null), { deadline: 60_000, what: 'the end of both jobs without a daemon' });
    await daemon().start();
    // docker knows the code as a rule; where it does not it says 255, so of that nobody can be sure.
    const codes = [await ended(bed, eight.run), await ended(bed, last.run)].map(({ exitCode, reason }) => `${String(exitCode)} ${String(reason)}`);
    expect(codes).toEqual([expect.stringMatching(/^(?:8 exit|null lost)$/), 'null lost']);
    for (const { run } of [eight, last]) {
      // docker 28 keeps nothing of it; one that did would be copied.
      expect((await logOf(run)).stdout).toMatch(/^first\n(?:second\n)?$/);
      expect(lossesOf(run)).toMatchObject([{ kind: 'gap', reason: expect.stringMatching(/^the engine was away when the job ended/) as string }]);
    }
  });

  it('never removes a container whose output is still being copied', { timeout: 120_000 }, async () => {
    const bed = await containerBed(daemon());
    const job = sh('echo up; while [ ! -e /shared/end ]; do sleep 0.05; done; echo over; exit 23');
    const { run } = await bed.start('slow', job, { container: { volumes: [{ source: bed.work, target: '/shared', mode: 'rw' }] } });
    await logHas(run, 'up\n');
    // A copy that takes longer than anybody waits, and nobody but the next who asks to supervise it.
    const copier = Number(readFileSync(`${run.path}/follow.pid`, 'utf8').split(' ')[0]);
    process.kill(copier, 'SIGSTOP');
    onTestFinished(() => { if (processInfo(copier) !== null) process.kill(copier, 'SIGCONT'); });
    const { pid: launcher } = JSON.parse(readFileSync(`${run.path}/launcher.json`, 'utf8')) as { readonly pid: number };
    process.kill(launcher, 'SIGKILL');
    await waitFor(() => (processInfo(launcher)?.state ?? 'zombie') === 'zombie', { what: 'the end of the launcher' });
    writeFileSync(`${bed.work}/end`, '');
    await bed.engine.run('wait', 'slow');
    const refused: unknown = await bed.backend.remove('slow').then(() => null, (error: unknown) => error);
    expect(isLonghaulError(refused, 'SESSION_STOP')).toBe(true);
    process.kill(copier, 'SIGCONT');
    expect(await ended(bed, run)).toMatchObject({ exitCode: 23, reason: 'exit' });
    expect((await logOf(run)).stdout).toBe('up\nover\n');
    expect(lossesOf(run)).toEqual([]);
  });

  it('is unknown, never absent, while it does not answer', async () => {
    const bed = await containerBed(daemon());
    daemon().freeze();
    onTestFinished(() => { daemon().thaw(); });
    const impatient = bed.another({ answerMs: 500 });
    expect(await impatient.status('nobody')).toMatchObject({ kind: 'unknown' });
    expect((await impatient.list()).unavailable).not.toBeNull();
    const failure: unknown = await impatient.probe().then(() => null, (error: unknown) => error);
    expect(isLonghaulError(failure, 'BACKEND_UNAVAILABLE')).toBe(true);
    daemon().thaw();
  });
});

describeBoth('what an engine adds', (engine) => {
  it('shows a paused container as paused, and stops it all the same', async () => {
    const bed = await containerBed(engine());
    await bed.start('napping', sh('trap "echo closing; exit 4" TERM; echo up; while :; do sleep 0.1; done'));
    await logHas((await bed.runs.current(bed.spec('napping', ['x']).name)) ?? expect.fail('no run'), 'up\n');
    await bed.engine.run('pause', 'napping');
    expect(await bed.backend.status('napping')).toMatchObject({ kind: 'present', status: { state: 'paused' } });
    expect((await bed.backend.list()).sessions).toMatchObject([{ name: 'napping', state: 'paused' }]);
    expect(await bed.backend.stop('napping', { how: 'graceful' })).toMatchObject({ step: 'signal', status: { state: 'stopped', exitCode: 4 } });
  });

  it('uses the stop signal of the image, or the one that is asked for', async () => {
    const bed = await containerBed(engine());
    const trap = sh('trap "echo usr1; exit 5" USR1; trap "echo hup; exit 6" HUP; echo up; while :; do sleep 0.1; done');
    const image = { image: bed.engine.images.stopSignal };
    const first = await bed.start('image', trap, { container: image });
    await logHas(first.run, 'up\n');
    expect(await bed.backend.stop('image', { how: 'graceful' })).toMatchObject({ status: { exitCode: 5 } });
    const second = await bed.start('asked', trap, { container: image });
    await logHas(second.run, 'up\n');
    expect(await bed.backend.stop('asked', { how: 'graceful', signal: 'HUP' })).toMatchObject({ status: { exitCode: 6 } });
  });

  it('lists, reads and stops containers that were made by hand, as foreign', async () => {
    const bed = await containerBed(engine());
    const { plain } = bed.engine.images;
    await bed.engine.run('run', '--detach', '--init', '--name', 'by-hand', '--network', 'none', plain, 'sh', '-c', 'echo hello; exec sleep 600');
    expect((await bed.backend.list()).sessions).toMatchObject([{ name: 'by-hand', state: 'running', managed: false, socketName: bed.engine.runtime }]);
    expect(await bed.backend.status('by-hand')).toMatchObject({ kind: 'present', status: { managed: false, image: plain } });
    expect(await bed.backend.status('by')).toEqual({ kind: 'absent' });
    const said: Uint8Array[] = [];
    for await (const { bytes } of bed.backend.logs('by-hand', {})) said.push(bytes);
    expect(Buffer.concat(said).toString()).toBe('hello\n');
    expect(await bed.backend.stop('by-hand', { how: 'graceful', timeoutMs: 20_000 })).toMatchObject({ status: { state: 'stopped', managed: false } });
    await bed.backend.remove('by-hand');
    expect(await bed.backend.status('by-hand')).toEqual({ kind: 'absent' });
  });

  it('runs a program beside the job, and attaches', async () => {
    const bed = await containerBed(engine());
    const { run } = await bed.start('beside', sh('echo up; sleep 600'), { env: [{ name: 'COLOUR', value: 'blue' }] });
    await logHas(run, 'up\n');
    const { program, args, env } = await bed.backend.exec('beside', ['sh', '-c', 'echo "$COLOUR $1"', 'sh', 'two words']);
    const { runToEnd } = await import('@longhaul/testbed');
    expect((await runToEnd(program, args, { env })).stdout.toString()).toBe('blue two words\n');
    const refused: unknown = await bed.backend.attach('beside', { mode: 'read-write' }).then(() => null, (error: unknown) => error);
    expect(isLonghaulError(refused, 'SESSION_ATTACH')).toBe(true);
    expect(refused).toMatchObject({ hint: expect.stringContaining('logs -f') as string });
  });
});
