import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';

import { processStartTime } from '@longhaul/exec';
import { busyboxPath, findProgram, requireService, tempDir, waitFor } from '@longhaul/testbed';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { stopRun } from '../src/index.ts';
import { currentPlace } from '../src/process-place.ts';
import { launch, sh, textOf } from './launcher-fixture.ts';

const available = requireService('script', 'busybox');

/** A folder whose `sh` is busybox: a link named otherwise would be another applet. */
const busybox = join(process.env['TMPDIR'] ?? '/tmp', `lh-busybox-${String(process.pid)}`);
const SHELLS = [
  { name: 'dash', shell: findProgram('dash') ?? '/bin/sh' },
  { name: 'bash', shell: findProgram('bash') ?? '/bin/bash' },
  { name: 'busybox sh', shell: join(busybox, 'sh') },
];

/** Tools that the launcher uses, from the system, but for some. */
async function tools(without: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<string> {
  const dir = await tempDir('lh-tools-');
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  const names = ['mv', 'ln', 'dd', 'date', 'sleep', 'env', 'script', 'setsid', 'perl', 'ps'].filter((name) => !without.includes(name) && !(name in extra));
  for (const name of names) await symlink(findProgram(name) ?? `/missing/${name}`, dir.join(name));
  for (const [name, text] of Object.entries(extra)) {
    writeFileSync(dir.join(name), text);
    chmodSync(dir.join(name), 0o755);
  }
  return dir.path;
}

beforeAll(async () => {
  await mkdir(busybox, { recursive: true });
  for (const applet of ['sh']) {
    if (!existsSync(join(busybox, applet))) symlinkSync(findProgram('busybox') ?? 'busybox', join(busybox, applet));
  }
  return () => {
    rmSync(busybox, { recursive: true, force: true });
  };
});

describe.runIf(available).each(SHELLS)('the launcher in $name', ({ shell }) => {
  const options = { shell };

  it.each([0, 1, 42, 126, 127, 130, 143, 255])('keeps exit code %i, and calls no signal what is none', async (code) => {
    const { exit } = await launch({ command: sh(`exit ${String(code)}`), options });
    expect(await exit()).toMatchObject({ exitCode: code, signal: null, reason: 'exit', oomKilled: null, stoppedBy: null });
  });

  it('keeps the terminal for a stop that is busy with others, and no longer than whoever is at it lives', async () => {
    const holder = spawn('sleep', ['600'], { stdio: 'ignore' });
    onTestFinished(() => void holder.kill('SIGKILL'));
    const pid = holder.pid ?? 0;
    const hold = `${String(pid)}\n${processStartTime(pid) ?? ''}\n${currentPlace()}\n`;
    const { run, exit, records } = await launch({ command: ['true'], options, prepared: ({ path }) => { writeFileSync(join(path, 'stop.hold'), hold); } });
    const { pid: job, processStartTime: startTime } = await waitFor(async () => (await records()).start, { deadline: 60_000, what: 'start.json' });
    await waitFor(() => processStartTime(job) !== startTime || null, { deadline: 60_000, what: 'the end of the job' });
    expect(existsSync(join(run.path, 'job.json'))).toBe(false);
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    await gone;
    expect(await exit()).toMatchObject({ exitCode: 0, reason: 'exit' });
  });

  it.each([
    { name: 'TERM', code: 143, signal: 'SIGTERM' },
    { name: 'KILL', code: 137, signal: 'SIGKILL' },
    { name: 'SEGV', code: 139, signal: 'SIGSEGV' },
    { name: 'HUP', code: 129, signal: 'SIGHUP' },
    { name: 'USR1', code: 138, signal: 'SIGUSR1' },
    // A shell does not tell these two from an exit with that code.
    { name: 'INT', code: 130, signal: null },
    { name: 'PIPE', code: 141, signal: null },
  ])('keeps how a job ends by $name', async ({ name, code, signal }) => {
    const { exit } = await launch({ command: ['perl', '-e', `kill "${name}", $$; sleep 10`], options });
    expect(await exit()).toMatchObject({ exitCode: code, signal, reason: signal === null ? 'exit' : 'signal' });
  });

  it('gives the job default signals, a terminal of its own and the foreground of it', async () => {
    const { exit, log } = await launch({ command: ['perl', '-e', 'use POSIX; print POSIX::tcgetpgrp(0) == getpgrp() ? "foreground" : "background", " ", -t 0, -t 1, -t 2, "\n"; open T, "/dev/tty" or die; print "tty\n"'], options });
    expect(await exit()).toMatchObject({ exitCode: 0 });
    expect(log()).toBe('foreground 111\r\ntty\r\n');
    const signals = await launch({ command: ['grep', '-E', '^Sig(Ign|Blk)', '/proc/self/status'], options });
    expect(await signals.exit()).toMatchObject({ exitCode: 0 });
    expect(signals.log()).toBe('SigBlk:\t0000000000000000\r\nSigIgn:\t0000000000000000\r\n');
  });

  it('hands over any environment value and any argument', { timeout: 120_000 }, async () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', ';', '\u0081', '\u0088', '\x01', '!', '#', '%') })).map((value) => Buffer.from(value, 'utf8').toString('utf8').replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 20, maxLength: 60 }), async (values) => {
        const env = [{ name: 'PATH', value: '/usr/bin:/bin' }, ...values.map((value, index) => ({ name: `V${String(index)}`, value }))];
        const { exit, work } = await launch({ command: ['sh', '-c', 'cp /proc/self/environ environ; printf "%s\\0" "$@" > arguments', 'sh', ...values], spec: { env }, options });
        expect(await exit()).toMatchObject({ exitCode: 0 });
        const seen = readFileSync(join(work, 'environ'), 'utf8').split('\0');
        expect(values.filter((value, index) => !seen.includes(`V${String(index)}=${value}`))).toEqual([]);
        expect(readFileSync(join(work, 'arguments'), 'utf8').split('\0').slice(0, -1)).toEqual(values);
      }),
      { numRuns: 3 },
    );
  });

  it('marks the end, and runs the hook with the run\'s id, without the tag and apart from the job', async () => {
    const { exit, run, work } = await launch({ command: sh('exit 3'), options, spec: { onExit: ['sh', '-c', 'echo "$1 [$LONGHAUL_RUN_ID] [$GIVEN]" > hooked.tmp; cat "$0" >> hooked.tmp; mv hooked.tmp hooked', '/dev/null'], env: [{ name: 'PATH', value: '/usr/bin:/bin' }, { name: 'GIVEN', value: 'yes' }] } });
    await exit();
    expect(await textOf(join(work, 'hooked'))).toBe(`${run.runId} [] [yes]\n`);
    expect(readFileSync(join(run.stateDir, 'ended', run.runId), 'utf8')).toBe('');
  });

  it('executes nothing where a stop came first', async () => {
    const { exit, work, records } = await launch({
      command: sh(': > executed'),
      options,
      prepared: (run) => {
        writeFileSync(join(run.path, 'stop.by'), '{"who":"test \\u00fc \\"%s\\"","step":"signal"}\n');
        writeFileSync(join(run.path, 'stop.json'), '{}');
      },
    });
    expect(await exit()).toMatchObject({ exitCode: null, reason: 'stopped', stoppedBy: { who: 'test ü "%s"', step: 'signal' } });
    expect(existsSync(join(work, 'executed'))).toBe(false);
    expect((await records()).start).toBeNull();
  });

  it.each([
    { what: 'not on PATH', command: ['no-such-program'], error: 'command not found: no-such-program\n' },
    { what: 'a directory', command: ['/etc'], error: 'permission denied: /etc\n' },
    { what: 'one whose interpreter is missing', command: ['./script'], error: null },
  ])('tells a program that is $what from one that exits 127', async ({ command, error }) => {
    const { exit, run } = await launch({ command, options, prepared: ({ path }) => { writeFileSync(join(path, '..', '..', '..', 'work', 'script'), '#!/no/such\n', { mode: 0o755 }); } });
    expect(await exit()).toMatchObject({ exitCode: null, signal: null, reason: 'start-failed' });
    if (error !== null) expect(readFileSync(join(run.path, 'start-error'), 'utf8')).toBe(error);
  });

  it('leaves records that can all be read', async () => {
    const { exit, records, run } = await launch({ command: sh('exit 7'), options });
    await exit();
    const { damaged, launcher, start, job } = await records();
    expect(damaged).toEqual([]);
    expect(start).toMatchObject({ launcherPid: launcher?.pid, launcherStartTime: launcher?.processStartTime, bootId: launcher?.bootId });
    expect(Date.parse(start?.startedAt ?? '')).toBeGreaterThan(Date.now() - 120_000);
    expect(job).toMatchObject({ exitCode: 7 });
    expect(readFileSync(join(run.path, 'exit.json'), 'utf8')).toBe(readFileSync(join(run.path, 'job.json'), 'utf8'));
  });
});

describe.runIf(available)('the launcher on a machine', () => {
  it('that has busybox for everything but script', async () => {
    const path = await busyboxPath({ also: ['script'] });
    onTestFinished(async () => path[Symbol.asyncDispose]());
    const { exit, log, records } = await launch({ command: sh('echo hello; exit 5'), options: { shell: path.join('sh'), toolPath: path.path } });
    expect(await exit()).toMatchObject({ exitCode: 5, reason: 'exit' });
    expect(log()).toBe('hello\r\n');
    expect((await records()).damaged).toEqual([]);
  });

  it.each([
    { what: 'perl but no env that knows signals', env: '#!/bin/sh\n[ "$1" = --default-signal ] && { echo "env: unrecognized option" >&2; exit 125; }\nexec /usr/bin/env "$@"\n', without: [] as string[], ignored: false },
    { what: 'nothing that resets signals', env: '#!/bin/sh\n[ "$1" = --default-signal ] && { echo "env: unrecognized option" >&2; exit 125; }\nexec /usr/bin/env "$@"\n', without: ['perl'], ignored: true },
  ])('that has $what: the job runs, HUP ignored: $ignored', async ({ env, without, ignored }) => {
    const toolPath = await tools(without, { env });
    const { exit, log } = await launch({ command: sh('grep SigIgn /proc/self/status; exit 6'), options: { toolPath } });
    expect(await exit()).toMatchObject({ exitCode: 6, signal: null });
    expect(log().trim()).toBe(`SigIgn:\t000000000000000${ignored ? '1' : '0'}`);
  });

  it('without script says how to get one', async () => {
    const { exit, run } = await launch({ command: sh('true'), options: { toolPath: await tools(['script']) } });
    expect(await exit()).toMatchObject({ exitCode: null, reason: 'start-failed' });
    expect(readFileSync(join(run.path, 'start-error'), 'utf8')).toMatch(/^script: the program is not there/);
  });

  it('with a script that is not util-linux\'s keeps what it said', async () => {
    const { exit, run } = await launch({ command: sh('true'), options: { toolPath: await tools([], { script: '#!/bin/sh\necho "script: unrecognized option: O" >&2\nexit 1\n' }) } });
    expect(await exit()).toMatchObject({ reason: 'start-failed' });
    expect(readFileSync(join(run.path, 'start-error'), 'utf8')).toBe('script: script: unrecognized option: O\n');
  });

  it('of the BSD kind: other flags, no timing, start times from ps', async () => {
    // The arguments that BSD and macOS take, carried out by the script that is here.
    const bsd = `#!/bin/sh
[ "$1 $2 $3" = "-q -t 0" ] || { echo "usage: script [-q] [-t time] [file [command ...]]" >&2; exit 64; }
file=$4; shift 4
LH_WORDS=$(printf "'%s' " "$1" "$2"); export LH_WORDS
exec ${findProgram('script') ?? 'script'} -qef -O "$file" -c "exec $LH_WORDS '$3'"
`;
    const toolPath = await tools(['script'], { script: bsd });
    const { exit, run, records } = await launch({ command: sh('echo hello; kill -TERM $$; sleep 10'), options: { toolPath, scriptForm: 'bsd', processTable: 'ps' } });
    expect(await exit()).toMatchObject({ exitCode: 143, signal: 'SIGTERM', reason: 'signal' });
    const { start, damaged } = await records();
    expect(damaged).toEqual([]);
    expect(start?.processStartTime).toMatch(/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
    expect(start?.launcherStartTime).toMatch(/^[A-Z][a-z]{2} /);
    expect(existsSync(join(run.path, 'timing'))).toBe(false);
  });

  it('starts a job once, however often the shell inside script is started', async () => {
    // A script that does what a confused one could: the same command a second time.
    const twice = `#!/bin/sh\n"${findProgram('script') ?? 'script'}" "$@"\nexec "${findProgram('script') ?? 'script'}" "$@"\n`;
    const { exit, work } = await launch({ command: sh('echo x >> times'), options: { toolPath: await tools(['script'], { script: twice }) } });
    expect(await exit()).toMatchObject({ exitCode: 0 });
    await waitFor(() => readFileSync(join(work, 'times'), 'utf8') === 'x\n', { what: 'one line' });
  });

  it('ends by its record alone: stop needs no backend', async () => {
    const { run, records, exit } = await launch({ command: sh('trap "exit 11" INT; : > up; while :; do sleep 0.05; done') });
    await waitFor(async () => (await records()).start !== null, { what: 'start.json' });
    await waitFor(() => existsSync(join(run.stateDir, '..', 'work', 'up')), { what: 'the trap' });
    expect(await stopRun(run, { how: 'graceful', requestedBy: 'test' })).toMatchObject({ step: 'signal' });
    expect(await exit()).toMatchObject({ exitCode: 11, reason: 'stopped', stoppedBy: { who: 'test', step: 'signal' } });
  });
});
