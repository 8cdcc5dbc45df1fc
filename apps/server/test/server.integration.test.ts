import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { SyncHost } from '@longhaul/host';
import type { Job, JobEvent } from '@longhaul/sync-queue';
import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { ServerWorld } from './server-world.ts';
import { serverWorld } from './server-world.ts';

interface JobsBody {
  readonly schemaVersion: number;
  readonly data: { readonly jobs: readonly Job[]; readonly nextCursor: string | null };
}

/** A destination so slow that the transfer is under way when the test looks. */
function slowDisk(world: ServerWorld): void {
  writeFileSync(path.join(world.root, 'longhaul.yaml'), `destinations: { slow: { type: local, path: ${path.join(world.root, 'disk')}, bandwidth: { uploadMbps: 8 } } }\n`);
  writeFileSync(path.join(world.root, 'big'), Buffer.alloc(3_000_000, 7));
}

async function pushing(sync: SyncHost, id: string): Promise<Job> {
  return await waitFor(
    async () => {
      const job = await sync.store.get(id);
      return job?.phase === 'pushing' ? job : null;
    },
    { what: 'the transfer', deadline: 40_000 },
  );
}

async function statesOf(sync: SyncHost, id: string): Promise<readonly string[]> {
  const history: readonly JobEvent[] = await sync.queue.history(id);
  return history.filter(({ from, to }) => from !== to).map(({ to }) => to);
}

describe('the server', () => {
  it('answers on a socket that is ours alone, and on nothing else', async () => {
    const world = serverWorld();
    const server = await world.start();
    expect(statSync(world.socket).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(world.socket)).mode & 0o777).toBe(0o700);
    expect(await world.get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok', pid: server.process.pid } });
    expect(await world.get('/api/v1/sessions')).toMatchObject({ status: 200, type: 'application/json; charset=utf-8', body: { schemaVersion: 1, data: { sessions: [], unavailable: [] } } });
    const listening = readFileSync(`/proc/${String(server.process.pid)}/net/tcp`, 'utf8');
    const inodes = socketInodes(server.process.pid ?? 0);
    expect(listening.split('\n').filter((line) => inodes.some((inode) => line.includes(` ${inode} `)))).toEqual([]);
  });

  it('pages through jobs, and answers errors as problem+json with code and fix', async () => {
    const world = serverWorld();
    const host = await world.host();
    const sync = await host.sync();
    const disk = path.join(world.root, 'disk');
    for (const name of ['a', 'b', 'c']) {
      mkdirSync(path.join(world.root, name));
      await sync.push({ source: path.join(world.root, name), to: [disk], as: null });
    }
    await world.start();
    await waitFor(async () => (await sync.store.list({ states: ['VERIFIED'] })).jobs.length === 3, { what: 'three results', deadline: 40_000 });
    const first = (await world.get('/api/v1/jobs?limit=2')).body as JobsBody;
    const second = (await world.get(`/api/v1/jobs?limit=2&cursor=${encodeURIComponent(first.data.nextCursor ?? '')}`)).body as JobsBody;
    expect([...first.data.jobs, ...second.data.jobs].map(({ source }) => path.basename(source))).toEqual(['c', 'b', 'a']);
    expect(second.data.nextCursor).toBeNull();
    expect((await world.get('/api/v1/jobs?state=FAILED')).body).toMatchObject({ data: { jobs: [] } });

    const problems: readonly (readonly [string, string, number, string])[] = [
      ['GET', '/nothing', 404, 'NOT_FOUND'],
      ['GET', '/api/v1/jobs?limit=0', 400, 'USAGE'],
      ['GET', '/api/v1/jobs?state=DONE', 400, 'USAGE'],
      ['GET', '/api/v1/jobs?limt=1', 400, 'USAGE'],
      ['GET', '/api/v1/jobs/../../../etc/passwd', 404, 'NOT_FOUND'],
      ['GET', '//', 400, 'USAGE'],
      ['POST', '/api/v1/jobs', 405, 'METHOD_NOT_ALLOWED'],
      ['DELETE', '/api/v1/sessions', 405, 'METHOD_NOT_ALLOWED'],
    ];
    for (const [method, address, status, code] of problems) {
      expect([address, await world.get(address, { method })]).toEqual([address, { status, type: 'application/problem+json; charset=utf-8', body: expect.objectContaining({ status, code }) as unknown }]);
    }
  });

  it('refuses to start twice, and starts over the socket of one that was killed', async () => {
    const world = serverWorld();
    const first = await world.start();
    const second = await world.start({ ready: 'no' });
    expect(await second.ended).toEqual({ code: 4, signal: null });
    expect(second.log()).toMatch(new RegExp(`runs already \\(pid ${String(first.process.pid)}\\)[^]*hint: `));
    first.process.kill('SIGKILL');
    await first.ended;
    expect(existsSync(world.socket)).toBe(true);
    const third = await world.start();
    third.process.kill('SIGTERM');
    expect(await third.ended).toEqual({ code: 0, signal: null });
    expect(existsSync(world.socket)).toBe(false);
  });

  it('on SIGHUP goes by the new configuration, and stays with the old one where the new one has a mistake', async () => {
    const world = serverWorld();
    const config = path.join(world.root, 'longhaul.yaml');
    const destinations = { disk: { type: 'local', path: path.join(world.root, 'disk') } };
    const write = (settings: object): void => { writeFileSync(config, JSON.stringify({ destinations, ...settings })); };
    write({});
    const first = path.join(world.root, 'runs/first');
    mkdirSync(first, { recursive: true });
    writeFileSync(path.join(first, 'data'), 'one');
    const server = await world.start();
    const sync = await (await world.host()).sync();
    const sent = async (): Promise<readonly string[]> => (await sync.store.list({ states: ['VERIFIED'] })).jobs.map(({ source }) => path.basename(source)).sort();

    write({ watch: [{ path: path.join(world.root, 'runs'), to: ['disk'], settle: '1s' }], worker: { concurrency: 7 } });
    server.process.kill('SIGHUP');
    await waitFor(() => server.log().includes('1 watched folders, 7 transfers at once'), { what: `the new configuration (${server.log()})`, deadline: 40_000 });
    await waitFor(async () => (await sent()).length === 1, { what: 'the watched folder', deadline: 60_000 });

    writeFileSync(config, 'watch: [{ path: nowhere, settel: 3 }');
    server.process.kill('SIGHUP');
    await waitFor(() => server.log().includes('the old one stays'), { what: `the refusal (${server.log()})`, deadline: 40_000 });
    expect(server.log()).toContain(config);
    const second = path.join(world.root, 'runs/second');
    mkdirSync(second);
    writeFileSync(path.join(second, 'data'), 'two');
    await waitFor(async () => (await sent()).length === 2, { what: 'the second folder', deadline: 60_000 });
    expect(await sent()).toEqual(['first', 'second']);
    server.process.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it('on SIGTERM puts its transfers back uncharged and ends in order', async () => {
    const world = serverWorld();
    slowDisk(world);
    const sync = await (await world.host()).sync();
    const [pushed] = await sync.push({ source: path.join(world.root, 'big'), to: ['slow'], as: null });
    const id = pushed?.job.id ?? '';
    const server = await world.start();
    await pushing(sync, id);
    server.process.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(await sync.store.get(id)).toMatchObject({ state: 'QUEUED', attempts: 0, recoveries: 0, owner: null });
    await sync.work({ until: 'idle', signal: new AbortController().signal });
    expect(await statesOf(sync, id)).toEqual(['QUEUED', 'RUNNING', 'QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED']);
  });

  it('killed, takes no transfer with it: the next one goes on', async () => {
    const world = serverWorld();
    slowDisk(world);
    const sync = await (await world.host()).sync();
    const [pushed] = await sync.push({ source: path.join(world.root, 'big'), to: ['slow'], as: null });
    const id = pushed?.job.id ?? '';
    const server = await world.start();
    await pushing(sync, id);
    server.process.kill('SIGKILL');
    await server.ended;
    await world.start();
    await waitFor(async () => (await sync.store.get(id))?.state === 'VERIFIED', { what: 'the result', deadline: 50_000 });
    expect(await sync.store.get(id)).toMatchObject({ attempts: 0 });
    expect(existsSync(path.join(world.root, 'disk/big'))).toBe(true);
  });
});

describe.runIf(requireService('tmux', 'script'))('the server and sessions', () => {
  it('killed, leaves them alone; and puts outputs into the queue that no hook has put there', async () => {
    const world = serverWorld();
    const server = await world.start();
    const host = await world.host();
    // Started by a program that is no command line, so nothing calls back when it ends.
    const { status } = await host.start({ name: 'train', command: ['sh', '-c', 'mkdir out; echo 1 > out/f; read line; exit 5'], outputs: ['out'], to: [path.join(world.root, 'disk')] });
    expect(status.state).toBe('running');
    server.process.kill('SIGKILL');
    await server.ended;
    expect((await host.sessions.status('train')).state).toBe('running');
    await world.start();
    expect((await world.get('/api/v1/sessions')).body).toMatchObject({ data: { sessions: [{ name: 'train', state: 'running' }] } });
    await host.sessions.send('train', { keys: ['Enter'] });
    const result = path.join(world.root, 'disk/train', status.runId ?? '', 'out');
    await waitFor(() => existsSync(path.join(result, '.longhaul/longhaul.json')), { what: 'the result at the destination', deadline: 50_000 });
    expect(JSON.parse(readFileSync(path.join(result, '.longhaul/longhaul.json'), 'utf8'))).toMatchObject({ run: { session: 'train', exitCode: 5 } });
  });
});

/** The sockets of a process, by inode. */
function socketInodes(pid: number): readonly string[] {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder).flatMap((fd) => /socket:\[(\d+)\]/.exec(readlinkSync(path.join(folder, fd)))?.[1] ?? []);
}
