import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { isLonghaulError } from '@longhaul/errors';
import { newRunId, SessionManager, systemWorld } from '@longhaul/sessions';
import { freePort, waitFor } from '@longhaul/testbed';
import { expect, it, onTestFinished } from 'vitest';

import { describeBoth } from './both-engines.ts';
import type { ContainerBed, SpecOptions } from './container-bed.ts';
import { containerBed, ended, logHas, logOf, sh } from './container-bed.ts';

async function failureOf(bed: ContainerBed, name: string, command: readonly string[], more?: SpecOptions): Promise<unknown> {
  return bed.start(name, command, more).then(() => null, (error: unknown) => error);
}

describeBoth('starting a container', (engine, runtime) => {
  it('refuses a name that a container of somebody else has, and leaves that alone', async () => {
    const bed = await containerBed(engine());
    await bed.engine.run('run', '--detach', '--name', 'theirs', '--network', 'none', bed.engine.images.plain, 'sleep', '60');
    const failure = await failureOf(bed, 'theirs', sh('exit 0'));
    expect(isLonghaulError(failure, 'SESSION_EXISTS')).toBe(true);
    expect(failure).toMatchObject({ hint: expect.stringContaining('rename') as string });
    expect(await bed.engine.run('container', 'inspect', '--format', '{{.State.Running}}', 'theirs')).toBe('true');
    expect(await bed.runs.current(bed.spec('theirs', ['x']).name)).toBeNull();
  });

  it('makes a container anew that an earlier run of the same spec has left, and records how that one ended', async () => {
    const bed = await containerBed(engine());
    const first = await leave(bed, 'again');
    const second = await bed.start('again', LEFT);
    expect(second.status.runId).not.toBe(first.runId);
    expect((await bed.runs.records(first)).exit).not.toBeNull();
    await logHas(second.run, 'up\n');
    expect(await bed.backend.status('again')).toMatchObject({ status: { state: 'running', runId: second.run.runId } });
  });

  it('refuses to replace one of another spec, and says how to remove it', async () => {
    const bed = await containerBed(engine());
    const first = await leave(bed, 'other');
    const failure = await failureOf(bed, 'other', sh('echo something else'));
    expect(isLonghaulError(failure, 'SESSION_EXISTS')).toBe(true);
    expect(failure).toMatchObject({ hint: expect.stringContaining('longhaul remove other') as string });
    // What it says is kept: removing records how it ended.
    await bed.backend.remove('other');
    expect((await bed.runs.records(first)).exit).not.toBeNull();
    expect((await bed.engine.tryRun('container', 'inspect', 'other')).code).not.toBe(0);
    const { run } = await bed.start('other', sh('echo something else'));
    expect(await ended(bed, run)).toMatchObject({ exitCode: 0 });
  });

  it('is no session of its own any more where its name has been started elsewhere since', async () => {
    const bed = await containerBed(engine());
    const left = await leave(bed, 'moved');
    const spec = { ...bed.spec('moved', ['true']), backend: 'tmux' as const, container: null };
    const claim = await bed.runs.claim(spec.name, newRunId(), { backend: 'tmux' });
    await bed.runs.prepare(spec, claim);
    expect(await bed.backend.status('moved')).toEqual({ kind: 'absent' });
    expect((await bed.backend.list()).sessions.filter(({ name }) => name === 'moved')).toEqual([]);
    // Who lists has its end written down all the same, and what is left of it removed.
    await waitFor(async () => (await bed.runs.records(left)).exit, { deadline: 60_000, what: 'the record of its end' });
    await waitFor(async () => (await bed.engine.tryRun('container', 'inspect', 'moved')).code !== 0, { deadline: 60_000, what: 'the removal of its container' });
    await bed.runs.release(claim);
  });

  it('keeps its name where the launcher was killed between the start of the container and the record of it', async () => {
    const bed = await containerBed(engine());
    const { run, status } = await bed.start('between', LEFT);
    await logHas(run, 'up\n');
    const { pid } = JSON.parse(readFileSync(join(run.path, 'launcher.json'), 'utf8')) as { readonly pid: number };
    process.kill(pid, 'SIGKILL');
    for (const file of ['start.json', 'container.pid']) rmSync(join(run.path, file));
    // Not its state: that of a launcher which is not gone yet is unknown, too, "it is being started".
    await waitFor(() => bed.runs.observe(run).verdict.kind === 'unknown', { what: 'the end of the launcher' });
    const claim: unknown = await bed.runs.claim(run.session, newRunId(), { backend: 'tmux' }).then(() => null, (error: unknown) => error);
    expect(isLonghaulError(claim, 'SESSION_EXISTS')).toBe(true);
    expect(await bed.backend.status('between')).toMatchObject({ kind: 'present', status: { state: 'running', pid: status.pid, runId: run.runId } });
    expect(await bed.backend.stop('between', { how: 'force' })).toMatchObject({ status: { state: 'stopped' } });
  });

  it('still runs, by its record, where a full disk has kept its launcher from noting the pid beside it, and that one was killed', async () => {
    const bed = await containerBed(engine());
    const { run, status } = await bed.start('noted', LEFT);
    const { pid, processStartTime } = JSON.parse(readFileSync(join(run.path, 'launcher.json'), 'utf8')) as { readonly pid: number; readonly processStartTime: string };
    process.kill(pid, 'SIGKILL');
    writeFileSync(join(run.path, 'container.pid'), '');
    await waitFor(() => systemWorld().liveness(pid, processStartTime) === 'dead', { what: 'the end of the launcher' });
    expect(await bed.backend.status('noted')).toMatchObject({ status: { state: 'running', pid: status.pid } });
    await waitFor(() => (JSON.parse(readFileSync(join(run.path, 'launcher.json'), 'utf8')) as { readonly pid: number }).pid !== pid, { what: 'the next launcher', deadline: 30_000 });
    expect(await bed.backend.stop('noted', { how: 'force' })).toMatchObject({ status: { state: 'stopped' } });
    // Whoever wrote the end had taken over: the record still names the job.
    expect(JSON.parse(readFileSync(join(run.path, 'start.json'), 'utf8'))).toMatchObject({ pid: status.pid });
  });

  it('says which image is missing, which folder, and which command', async () => {
    const bed = await containerBed(engine());
    const image = await failureOf(bed, 'no-image', sh('exit 0'), { container: { image: 'localhost/longhaul/nowhere:1' } });
    const folder = await failureOf(bed, 'no-folder', sh('exit 0'), { container: { volumes: [{ source: join(bed.work, 'not there'), target: '/data', mode: 'rw' }] } });
    const command = await failureOf(bed, 'no-command', ['no-such-program'], { container: { init: 'no' } });
    const behindInit = await failureOf(bed, 'no-command-2', ['no-such-program']);
    expect([image, folder, command, behindInit].map((failure) => (isLonghaulError(failure, 'SESSION_START') ? 'SESSION_START' : failure))).toEqual(['SESSION_START', 'SESSION_START', 'SESSION_START', 'SESSION_START']);
    expect(String(image)).toContain('localhost/longhaul/nowhere:1');
    expect(String(folder)).toContain('not there');
    expect(String(command)).toContain('no-such-program');
    expect(String(behindInit)).toContain('no-such-program');
    // Nothing of them is left in the engine.
    await waitFor(async () => (await bed.engine.run('ps', '--all', '--quiet')) === '', { deadline: 30_000, what: 'an engine without containers' });
  });

  // dockerd of the testbed has no bridge, so nothing can be published there.
  if (runtime === 'podman') it('says that a port is taken', async () => {
    const bed = await containerBed(engine());
    const server = createServer();
    const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { readonly port: number }).port)));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    const failure = await failureOf(bed, 'port', sh('sleep 60'), { container: { network: null, ports: [{ hostAddress: '127.0.0.1', hostPort: port, containerPort: 80, protocol: 'tcp' }] } });
    expect(isLonghaulError(failure, 'SESSION_START')).toBe(true);
    expect(String(failure)).toContain(String(port));
  });

  if (runtime === 'podman') it('publishes the port of a web server, which is ready when it answers', async () => {
    const bed = await containerBed(engine());
    const port = await freePort();
    const url = `http://127.0.0.1:${String(port)}/`;
    await bed.start('web', sh('mkdir /www; echo "hello from inside" > /www/index.html; exec httpd -f -p 80 -h /www'), { ready: { kind: 'http', url }, container: { network: null, ports: [{ hostAddress: '127.0.0.1', hostPort: port, containerPort: 80, protocol: 'tcp' }] } });
    const manager = new SessionManager({ stateDir: bed.stateDir, runs: bed.runs, backends: [bed.backend] });
    expect(await manager.waitUntilReady('web', { timeoutMs: 60_000 })).toMatchObject({ outcome: 'ready' });
    expect(await (await fetch(url)).text()).toBe('hello from inside\n');
    expect(await bed.backend.stop('web', { how: 'graceful' })).toMatchObject({ step: 'signal', status: { state: 'stopped' } });
  });

  it('mounts a folder with spaces and odd characters in its path', async () => {
    const bed = await containerBed(engine());
    const folder = join(bed.work, "two words, a 'quote' and ü");
    mkdirSync(folder);
    writeFileSync(join(folder, 'in'), 'from outside\n');
    const { run } = await bed.start('volumes', sh('cat /data/in; echo inside > /data/out'), { container: { volumes: [{ source: folder, target: '/data', mode: 'rw' }] } });
    expect(await ended(bed, run)).toMatchObject({ exitCode: 0 });
    expect((await logOf(run)).stdout).toBe('from outside\n');
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('inside\n');
  });

  it('shows no value of a variable in the argv of any process, and keeps its files for their owner', async () => {
    const bed = await containerBed(engine());
    const secret = `s3cret-${String(Date.now())}`;
    const env = [{ name: 'TOKEN', value: secret }, { name: 'LINES_OF', value: `one ${secret}\ntwo` }];
    const seen = new Set<string>();
    const watching = setInterval(() => { for (const line of commandLines()) if (line.includes(secret)) seen.add(line); }, 2);
    onTestFinished(() => { clearInterval(watching); });
    const { run } = await bed.start('secret', sh('[ "$LINES_OF" = "one $TOKEN\ntwo" ] && echo same; sleep 0.5'), { env, secretEnv: ['TOKEN'] });
    await ended(bed, run);
    expect((await logOf(run)).stdout).toBe('same\n');
    expect([...seen]).toEqual([]);
    const kept = readdirSync(run.path).filter((file) => file !== 'logs' && file !== 'session' && readText(join(run.path, file)).includes(secret));
    // Nothing starts it again, so nobody needs them any more.
    expect(kept).toEqual([]);
  });
});

const LEFT = sh('echo up; sleep 600');

/** A run whose launcher was killed and whose container was ended from outside: nobody has recorded that. */
async function leave(bed: ContainerBed, name: string): Promise<Awaited<ReturnType<ContainerBed['start']>>['run']> {
  const { run } = await bed.start(name, LEFT);
  await logHas(run, 'up\n');
  const { pid } = JSON.parse(readFileSync(join(run.path, 'launcher.json'), 'utf8')) as { readonly pid: number };
  process.kill(pid, 'SIGKILL');
  await bed.engine.run('kill', name);
  await waitFor(() => bed.runs.status(run).state !== 'running', { deadline: 60_000, what: 'the end of its process' });
  return run;
}

function commandLines(): readonly string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map((pid) => readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' '));
}

function readText(path: string): string {
  try {
    // The launcher's pipe may still be there when the end is on record: to open it would wait for a writer for ever.
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : '';
  } catch {
    // A process that has ended since, a link that leads nowhere.
    return '';
  }
}
