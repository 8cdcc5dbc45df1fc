import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';

import type { SessionStatus } from '@longhaul/sessions';
import type { Job } from '@longhaul/sync-queue';
import { requireService, runToEnd, waitFor, writeRandomFile } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { RunningCall } from './cli-world.ts';
import type { DestinationType, SyncWorld } from './sync-world.ts';
import { checkSums, DESTINATION_TYPES, processesWith, receiptOf, sshdForFile, syncWorld, transitions } from './sync-world.ts';

const type: DestinationType = DESTINATION_TYPES.at(-1) ?? 'local';
const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

describe.runIf(requireService('tmux', 'script'))('outputs of a session, to two destinations', () => {
  const sshd = sshdForFile();

  async function twoPlaces(): Promise<SyncWorld> {
    return await syncWorld({ type, sshd, also: ['local'] });
  }

  const start = async (world: SyncWorld, name: string, script: string): Promise<SessionStatus> =>
    await world.json<SessionStatus>(['start', name, '-o', 'out', '-o', 'plots', '--to', 'dest', '--to', 'local', ...sh(`mkdir -p out plots; echo ${name} >out/f; echo plot >plots/p; ${script}`)]);

  /** All that the run made, at both places, with the receipt that names it; and exactly one job for each. */
  async function expectSent(world: SyncWorld, { name, runId }: SessionStatus, run: Readonly<Record<string, unknown>>): Promise<void> {
    const jobs = async (): Promise<readonly Job[]> => (await world.sync.queue.list({ session: name })).jobs;
    await waitFor(async () => (await jobs()).length >= 4 && (await jobs()).every(({ state }) => state === 'VERIFIED'), { what: 'the results of the run', deadline: 50_000 });
    expect((await jobs()).map(({ source, destination }) => `${path.basename(source)} ${destination}`).sort()).toEqual(['out dest', 'out local', 'plots dest', 'plots local']);
    for (const place of [world.place, path.join(world.root, 'local')]) {
      for (const output of ['out', 'plots']) {
        const result = path.join(place, name, runId ?? '', output);
        await checkSums(result);
        expect(receiptOf(result)).toMatchObject({ generation: 1, run: { session: name, runId, command: ['sh', '-c', expect.stringContaining(`echo ${name}`) as string], ...run } });
      }
    }
    expect(readFileSync(path.join(world.place, name, runId ?? '', 'out/f'), 'utf8')).toBe(`${name}\n`);
    for (const { id } of await jobs()) expect(transitions(await world.sync.queue.history(id))).toEqual(['QUEUED>RUNNING', 'RUNNING>AWAITING_VERIFY', 'AWAITING_VERIFY>VERIFIED']);
  }

  it('are sent once each, although the hook, two workers and many calls race; those of a job that failed too', async () => {
    const world = await twoPlaces();
    const workers = [world.work(), world.work()];
    const status = await start(world, 'train', 'read line; exit 3');
    await world.longhaul(['send', 'train', '--enter']);
    const calls = await Promise.all([['wait', 'train'], ['wait', 'train'], ['list'], ['status', 'train'], ['sync', 'list']].map(async (args) => await world.longhaul(args)));
    expect(calls.map(({ code }) => code).slice(0, 2)).toEqual([3, 3]);
    await expectSent(world, status, { exitCode: 3, signal: null });
    for (const worker of workers) {
      worker.process.kill('SIGINT');
      expect(await worker.ended).toMatchObject({ code: 130 });
    }
  });

  it('of a job that was stopped are sent, and the receipt says how it ended', async () => {
    const world = await twoPlaces();
    const status = await start(world, 'sim', "trap 'echo last >out/last; exit 9' INT; while :; do sleep 0.05; done");
    await waitFor(() => existsSync(path.join(world.project, 'plots/p')), { what: 'the work of the job' });
    expect((await world.longhaul(['stop', 'sim'])).code).toBe(0);
    await expectSent(world, status, { exitCode: 9, signal: null });
    expect(readFileSync(path.join(world.place, 'sim', status.runId ?? '', 'out/last'), 'utf8')).toBe('last\n');
  });

  it('of a run that the machine did not survive are found by the next call', async () => {
    const world = await twoPlaces();
    const status = await start(world, 'lab', 'sleep 600');
    await waitFor(() => existsSync(path.join(world.project, 'plots/p')), { what: 'the work of the job' });
    await powerCut(world, status.runId ?? '');
    const after = await world.json<{ session: SessionStatus }>(['status', 'lab']);
    expect(after.session).toMatchObject({ state: 'exited', exitCode: null, reason: 'interrupted' });
    await expectSent(world, status, { exitCode: null, signal: null });
  });
});

/** What a power cut leaves: no process of the run, no word of its end, records of another boot. */
async function powerCut(world: SyncWorld, runId: string): Promise<void> {
  const run = path.join(world.stateDir, 'runs', runId);
  const record = path.join(run, 'start.json');
  const { pid, launcherPid, shellPid } = JSON.parse(readFileSync(record, 'utf8')) as { readonly pid: number; readonly launcherPid: number; readonly shellPid: number };
  // script(1) above the shell stops itself when it sees the shell stopped, and would then keep what is dead. It goes last: its end wakes those on its terminal.
  const { stdout: scriptPid } = await runToEnd('ps', ['-o', 'ppid=', '-p', String(shellPid)]);
  // The launcher goes first: tmux lets go on what was stopped in its pane, and it alone writes down an end.
  const all = new Set([launcherPid, ...(await processesWith(runId)).map((line) => Number(line.split(' ')[0])), shellPid, pid, Number(scriptPid.toString())].filter((each) => each > 1));
  // None of them may see the end of another and write it down.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const each of all) process.kill(each, signal);
  await waitFor(() => [...all].every(isGone), { what: 'the end of all' });
  for (const name of ['start.json', 'launcher.json']) {
    const file = path.join(run, name);
    if (existsSync(file)) writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"bootId":\s*"[^"]*"/g, '"bootId":"00000000-aaaa-bbbb-cccc-000000000000"'));
  }
  const end = path.join(run, 'exit.json');
  expect(existsSync(end)).toBe(false);
  onTestFinished(() => {
    // Whoever cleans up need not wait for the end of this one.
    writeFileSync(end, '');
  });
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe('longhaul serve', () => {
  const sshd = sshdForFile();

  async function serve(world: SyncWorld): Promise<RunningCall> {
    const server = world.start(['serve']);
    await waitFor(() => server.stderr().includes('listens on'), { what: 'the server', deadline: 40_000 });
    return server;
  }

  async function ask<T>(world: SyncWorld, route: string): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      request({ socketPath: path.join(world.stateDir, 'server/longhaul.sock'), path: route }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as T);
        });
      }).on('error', reject).end();
    });
  }

  it(`ended by SIGTERM or killed in the middle of a transfer, loses nothing of it (${type})`, async () => {
    const world = await syncWorld({ type, sshd, settings: { bandwidth: { uploadMbps: 8 } } });
    writeRandomFile(path.join(world.project, 'big/data'), 5_000_000);
    const { id } = await world.enqueue('big');
    const moved = async (): Promise<number> => (await ask<{ data: { jobs: readonly Job[] } }>(world, '/api/v1/jobs?state=RUNNING')).data.jobs[0]?.progress?.bytesDone ?? 0;

    const first = await serve(world);
    expect(await ask(world, '/healthz')).toMatchObject({ status: 'ok' });
    await waitFor(async () => (await moved()) > 500_000, { what: 'the transfer', deadline: 40_000 });
    first.process.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0, signal: null });
    expect(await world.sync.queue.get(id)).toMatchObject({ state: 'QUEUED', attempts: 0, recoveries: 0, owner: null });
    expect(await processesWith(id)).toEqual([]);

    const second = await serve(world);
    await waitFor(async () => (await moved()) > 1_500_000, { what: 'more of the transfer', deadline: 40_000 });
    second.process.kill('SIGKILL');
    await second.ended;
    world.configure({});

    const third = await serve(world);
    await waitFor(async () => (await world.sync.queue.get(id)).state === 'VERIFIED', { what: 'the result', deadline: 50_000 });
    expect(await ask(world, `/api/v1/jobs?state=VERIFIED`)).toMatchObject({ data: { jobs: [{ id, attempts: 0 }] } });
    third.process.kill('SIGTERM');
    expect(await third.ended).toMatchObject({ code: 0 });
    await checkSums(path.join(world.place, 'big'));
    expect(await processesWith(id)).toEqual([]);
  });
});
