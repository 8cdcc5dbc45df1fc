import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, test } from 'vitest';

import { hasEnded, newRunId, parseSessionName, readRunLog, RunStore, SessionManager, systemWorld } from '../src/index.ts';
import { FakeBackend } from './support/fake-backend.ts';
import { launch, prepareScript } from './support/direct-launch.ts';
import { collect, readAll } from './support/logs.ts';
import { temporaryFolder } from './support/temporary-store.ts';

const train = parseSessionName('train');

/** A store with the launcher's real files. */
function realStore(): RunStore {
  return new RunStore({ stateDir: join(temporaryFolder(), 'state') });
}

describe.runIf(requireService('script'))('a run under the real launcher', () => {
  test('has its exit code, its times and its log, byte for byte', async () => {
    const store = realStore();
    const run = await prepareScript(store, `printf 'first\\n\\033[31mred\\033[0m \\377\\n'; exit 42`);
    await launch(run).ended;
    expect(store.status(run)).toMatchObject({ state: 'exited', exitCode: 42, reason: 'exit', signal: null, startedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string, endedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string });
    expect((await readAll(run)).toString('latin1')).toBe('first\r\n\u001b[31mred\u001b[0m \u00ff\r\n');
    expect(await store.endedMarkers()).toEqual([run.runId]);
  });

  test('is followed from the first byte to the last, however quick its job writes', async () => {
    const store = realStore();
    const run = await prepareScript(store, 'i=0; while [ $i -lt 20000 ]; do echo "line $i of the output"; i=$((i+1)); done');
    const following = readAll(run, { follow: true });
    launch(run);
    const lines = (await following).toString().split('\r\n');
    expect(lines).toEqual([...Array.from({ length: 20_000 }, (_, index) => `line ${String(index)} of the output`), '']);
    expect(statSync(join(run.path, 'output.log')).size).toBeGreaterThan((await following).length);
  });

  test('can be read since a moment', async () => {
    const store = realStore();
    const release = join(temporaryFolder(), 'release');
    const run = await prepareScript(store, `echo early; while [ ! -e ${release} ]; do sleep 0.02; done; echo late`);
    const { ended } = launch(run);
    const chunks = readRunLog(run, { follow: true });
    await chunks.next();
    await chunks.return(undefined);
    // The clock of the timing file has microseconds, that of the records milliseconds.
    const since = new Date(Date.now() + 50);
    await waitFor(() => Date.now() > since.getTime() + 50);
    writeFileSync(release, '');
    await ended;
    expect((await readAll(run, { since })).toString()).toBe('late\r\n');
    expect((await readAll(run, { since: new Date(0) })).toString()).toBe('early\r\nlate\r\n');
  });

  test('ends as its inner shell saw it, when the launcher is killed', async () => {
    const store = realStore();
    const release = join(temporaryFolder(), 'release');
    const run = await prepareScript(store, `trap '' HUP; echo up; while [ ! -e ${release} ]; do sleep 0.02; done; exit 7`);
    launch(run);
    await waitFor(() => store.status(run).state === 'running', { what: 'the job', deadline: 60_000 });
    const manager = new SessionManager({ stateDir: store.stateDir, backends: [new FakeBackend('tmux')] });
    const waiting = manager.wait('train', { for: 'exit' });
    process.kill((await store.records(run)).launcher!.pid, 'SIGKILL');
    expect(store.status(run)).toMatchObject({ state: 'running' });
    writeFileSync(release, '');
    expect(await waiting).toMatchObject({ outcome: 'exited', status: { exitCode: 7 } });
    expect(existsSync(join(run.path, 'exit.json'))).toBe(false);
    expect((await collect(readRunLog(run, { follow: true }))).map(({ bytes }) => Buffer.from(bytes).toString()).join('')).toBe('up\r\n');
  });
});

describe.runIf(requireService('script'))('a starter that died just when its backend had been told', () => {
  test('leaves one job or none, and a new start that knows which', async () => {
    const folder = temporaryFolder();
    const seen = new Set<string>();
    for (let round = 0; round < 24; round += 1) {
      const stateDir = join(folder, String(round));
      const ran = join(folder, `ran-${String(round)}`);
      const release = join(folder, `release-${String(round)}`);
      const store = new RunStore({ stateDir });
      const first = await prepareScript(store, `echo x >> ${ran}; while [ ! -e ${release} ]; do sleep 0.02; done`);
      const { starter } = await store.recordedSpec(first);
      // The starter has died; everything else lives as it does.
      const orphaned = new RunStore({ stateDir, world: () => ({ ...systemWorld(), liveness: (pid, startTime) => (pid === starter.pid ? 'dead' : systemWorld().liveness(pid, startTime)) }) });
      const claim = async (): Promise<string> => orphaned.claim(train, newRunId()).then(() => 'claimed', codeOf);
      const [outcome, { ended }] = await race({ claim, launch: () => launch(first), round, isUp: () => existsSync(join(first.path, 'launcher.json')) });
      seen.add(outcome);
      if (outcome === 'SESSION_EXISTS') await waitFor(() => existsSync(ran) || hasEnded(orphaned.observe(first).verdict), { deadline: 60_000 });
      writeFileSync(release, '');
      await ended;
      expect(hasEnded(store.observe(first).verdict)).toBe(true);
      if (outcome === 'claimed') expect(existsSync(ran)).toBe(false);
      else expect(outcome).toBe('SESSION_EXISTS');
    }
    // Both ends of the race were met, or the test has shown nothing.
    expect([...seen].sort()).toEqual(['SESSION_EXISTS', 'claimed']);
  });
});

interface Racers<Launched> {
  readonly claim: () => Promise<string>;
  readonly launch: () => Launched;
  readonly round: number;
  readonly isUp: () => boolean;
}

/** In the first rounds the claim comes before the launcher, then at the same time, later and later, at last well after it. */
async function race<Launched>({ claim, launch: start, round, isUp }: Racers<Launched>): Promise<[string, Launched]> {
  if (round < 4) {
    const outcome = claim();
    return [await outcome, start()];
  }
  const launched = start();
  const until = performance.now() + (round - 4) * 0.3;
  while (performance.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.05);
  if (round > 20) await waitFor(isUp, { deadline: 60_000 });
  return [await claim(), launched];
}

function codeOf(error: unknown): string {
  return (error as { code: string }).code;
}
