import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { appendFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';

import { systemRunner } from '@longhaul/exec';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { ReadyCheck, RunDirectory, RunObservation } from '../src/index.ts';
import { siblingRun } from '../src/index.ts';
import type { ReadyAnswer, ReadyProbe } from '../src/ready/ready-probe.ts';
import { recordReady } from '../src/ready/record-ready.ts';
import { readyProbe } from '../src/ready/ready-probe.ts';
import type { ReadyPorts } from '../src/ready/wait-until-ready.ts';
import { waitUntilReady } from '../src/ready/wait-until-ready.ts';
import { append, HEADER, logOf, mortalWorld, play } from './support/logs.ts';
import { prepared, specOf, temporaryStore, writeExit } from './support/temporary-store.ts';

const NOT_YET: ReadyAnswer = { kind: 'not yet', problem: 'it sleeps' };
const READY: ReadyAnswer = { kind: 'ready' };

/** A run that lives, a clock that stands still but for sleeping, and probes whose answers are given; the last one is given for ever. */
async function setUp(answers: readonly (ReadyAnswer | (() => ReadyAnswer))[]): Promise<{ readonly run: RunDirectory; readonly ports: ReadyPorts; readonly slept: number[]; readonly asked: RunDirectory[] }> {
  const store = temporaryStore({ world: mortalWorld().world });
  const run = await prepared(store, specOf({ ready: { kind: 'log', pattern: 'listening' } }));
  play(run);
  const slept: number[] = [];
  const asked: RunDirectory[] = [];
  let now = 0;
  let looks = 0;
  const ports: ReadyPorts = {
    observe: (attempt) => store.observe(attempt),
    probe: (attempt): ReadyProbe => async () => {
      asked.push(attempt);
      const answer = answers[Math.min(looks, answers.length - 1)] ?? NOT_YET;
      looks += 1;
      return Promise.resolve(typeof answer === 'function' ? answer() : answer);
    },
    record: recordReady,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
  return { run, ports, slept, asked };
}

describe('waiting until a job is ready', () => {
  it('asks again after growing pauses, up to a second', async () => {
    const { run, ports, slept } = await setUp([...Array.from({ length: 12 }, () => NOT_YET), READY]);
    expect(await waitUntilReady(run, {}, ports)).toMatchObject({ outcome: 'ready', status: { state: 'running' } });
    expect(slept).toHaveLength(12);
    expect(slept.at(0)).toBe(50);
    expect(slept.at(-1)).toBe(1000);
    expect(slept).toEqual(slept.toSorted((a, b) => a - b));
  });

  it('writes down when it was first ready, and is told so at once from then on', async () => {
    const { run, ports, asked } = await setUp([NOT_YET, READY]);
    const first = await waitUntilReady(run, {}, ports);
    expect(asked).toHaveLength(2);
    expect(await waitUntilReady(run, {}, ports)).toMatchObject({ outcome: 'ready', status: { ready: first.status.ready } });
    expect(asked).toHaveLength(2);
    expect(Date.parse(first.status.ready?.at ?? '')).not.toBeNaN();
  });

  it('says how it is after one look, where no more is asked for', async () => {
    const { run, ports, asked, slept } = await setUp([NOT_YET]);
    expect(await waitUntilReady(run, { looks: 'once', timeoutMs: 1000 }, ports)).toMatchObject({ outcome: 'timedOut', problem: 'it sleeps', status: { ready: { check: 'log', at: null } } });
    expect([asked.length, slept.length]).toEqual([1, 0]);
  });

  it('ends when the time is up, and says what is missing', async () => {
    const { run, ports, slept } = await setUp([NOT_YET]);
    expect(await waitUntilReady(run, { timeoutMs: 5000 }, ports)).toMatchObject({ outcome: 'timedOut', problem: 'it sleeps', status: { state: 'running' } });
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBe(5000);
  });

  it('is ready as soon as it runs where there is nothing to look for', async () => {
    const { run, ports } = await setUp([NOT_YET]);
    expect(await waitUntilReady(run, {}, { ...ports, probe: () => null })).toMatchObject({ outcome: 'ready' });
  });

  it('says so when it ends before, with its code; also when the last look was in time', async () => {
    const first = await setUp([NOT_YET, () => (writeExit(first.run, { exitCode: 7 }), NOT_YET)]);
    expect(await waitUntilReady(first.run, {}, first.ports)).toMatchObject({ outcome: 'ended', status: { state: 'exited', exitCode: 7 }, problem: 'it sleeps' });
    const second = await setUp([() => (writeExit(second.run, { exitCode: 0 }), READY)]);
    expect(await waitUntilReady(second.run, {}, second.ports)).toMatchObject({ outcome: 'ended', status: { exitCode: 0 } });
  });

  it('goes on with the next attempt where one crashed', async () => {
    const { run, ports, asked } = await setUp([NOT_YET, READY]);
    const next = siblingRun(run, `${run.runId.slice(0, -1)}Z` as RunDirectory['runId']);
    const running = ports.observe(run);
    const crashed: RunObservation = { ...running, verdict: { kind: 'exited', exitCode: 1, signal: null, oomKilled: null, endedAt: null, reason: 'exit', stoppedBy: null, recorded: 'exit.json' }, loop: { kind: 'followed', by: next.runId } };
    let looks = 0;
    const seen = [running, { ...crashed, loop: { kind: 'waiting', attempt: 2, at: null, problem: null } as const }, crashed];
    const observe = (attempt: RunDirectory): RunObservation => (attempt.runId === run.runId ? (seen[looks++] ?? crashed) : running);
    expect(await waitUntilReady(run, {}, { ...ports, observe })).toMatchObject({ outcome: 'ready' });
    expect(asked.map(({ runId }) => runId)).toEqual([run.runId, next.runId]);
  });

  it('gives up with the reason of the signal', async () => {
    const { run, ports } = await setUp([NOT_YET]);
    const controller = new AbortController();
    const sleep = (): Promise<void> => {
      controller.abort(new Error('enough'));
      return Promise.resolve();
    };
    await expect(waitUntilReady(run, { signal: controller.signal }, { ...ports, sleep })).rejects.toThrow('enough');
  });
});

describe('a look for readiness', () => {
  const look = async (probe: ReadyProbe): Promise<ReadyAnswer> => probe({ timeoutMs: 10_000, signal: undefined });
  const probeOf = async (check: ReadyCheck, argvSeen: (argv: readonly string[]) => readonly string[] = (argv) => argv): Promise<{ readonly probe: ReadyProbe; readonly run: RunDirectory }> => {
    const run = await prepared(temporaryStore({ world: mortalWorld().world }));
    play(run);
    const exec = async (argv: readonly string[]): Promise<{ program: string; args: readonly string[]; env: Record<string, string> }> => {
      const [program = '', ...args] = argvSeen(argv);
      return Promise.resolve({ program, args, env: { PATH: process.env['PATH'] ?? '' } });
    };
    return { run, probe: readyProbe(check, run, { runner: () => systemRunner({ engine: 'node' }), exec }) };
  };
  const listening = async (server: Server): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };

  it('reads the log from its beginning and goes on where it was, whatever pieces it comes in', async () => {
    const { probe, run } = await probeOf({ kind: 'log', pattern: '^listening on (grün|port) \\d+$' });
    expect(await look(probe)).toMatchObject({ kind: 'not yet' });
    append(run, `${HEADER}not yet listening on port 1\r\nlisten`);
    expect(await look(probe)).toMatchObject({ kind: 'not yet' });
    append(run, Buffer.concat([Buffer.from('ing on \u001b[1mgr'), Buffer.from('ü').subarray(0, 1)]));
    expect(await look(probe)).toMatchObject({ kind: 'not yet' });
    appendFileSync(logOf(run), Buffer.concat([Buffer.from('ü').subarray(1), Buffer.from('n\u001b[0m 80\r\n')]));
    expect(await look(probe)).toEqual(READY);
  });

  it('connects to a port', async () => {
    const server = createTcpServer((socket) => socket.end());
    const port = await listening(server);
    expect(await look((await probeOf({ kind: 'tcp', host: '127.0.0.1', port })).probe)).toEqual(READY);
    await new Promise((resolve) => server.close(resolve));
    expect(await look((await probeOf({ kind: 'tcp', host: '127.0.0.1', port })).probe)).toEqual({ kind: 'not yet', problem: `127.0.0.1:${String(port)} cannot be reached (ECONNREFUSED)` });
  });

  it.each([[200, 'ready'], [204, 'ready'], [302, 'ready'], [404, 'not yet'], [503, 'not yet']])('takes status %i for %s', async (status, kind) => {
    const server = createServer((_, response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('x'));
    const port = await listening(server);
    const answer = await look((await probeOf({ kind: 'http', url: `http://127.0.0.1:${String(port)}/` })).probe);
    expect(answer).toMatchObject(kind === 'ready' ? READY : { kind, problem: `it answers with status ${String(status)}` });
  });

  it('does not wait for a server that hangs', async () => {
    const server = createServer(() => undefined);
    const port = await listening(server);
    const { probe } = await probeOf({ kind: 'http', url: `http://127.0.0.1:${String(port)}/` });
    expect(await probe({ timeoutMs: 50, signal: undefined })).toEqual({ kind: 'not yet', problem: 'its address cannot be read (no answer in time)' });
    server.closeAllConnections();
  });

  it('runs a command beside the job', async () => {
    const seen: (readonly string[])[] = [];
    const { probe } = await probeOf({ kind: 'command', argv: ['sh', '-c', 'exit 0'] }, (argv) => (seen.push(argv), argv));
    expect(await look(probe)).toEqual(READY);
    expect(seen).toEqual([['sh', '-c', 'exit 0']]);
    expect(await look((await probeOf({ kind: 'command', argv: ['sh', '-c', 'exit 3'] })).probe)).toMatchObject({ kind: 'not yet', problem: expect.stringContaining('3') as string });
  });
});
