import { symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ExitRecord, RecordedSpec, RestartLoop, RestartPolicy, RestartRecord, RunRecords, RunVerdict, World } from '../src/index.ts';
import { judgeRun, newRunId, NO_RESTART, parseSessionName, systemWorld } from '../src/index.ts';
import { formatClaim } from '../src/claim.ts';
import { judgeLoop } from '../src/restart/restart-loop.ts';
import { currentStarter } from '../src/world.ts';
import { prepared, specOf, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';
import { EXIT, ITS_LAUNCHER, LAUNCHER, recordsOf, START, THIS_BOOT, worldWith } from './support/worlds.ts';

const policy: RestartPolicy = { ...NO_RESTART, mode: 'on-failure' };
const failed: ExitRecord = { ...EXIT, exitCode: 3 };
const waits: RestartRecord = { since: '2026-11-22T10:01:00.500Z', delayMs: 1500, attempt: 3, pid: 400, processStartTime: '4', bootId: THIS_BOOT, problem: null };

const STARTED = newRunId();

function judge(records: Partial<RunRecords>, world: World, spec: Partial<RecordedSpec> = {}): { readonly loop: RestartLoop; readonly verdict: RunVerdict } {
  const all = recordsOf({ launcher: LAUNCHER, start: START, exit: failed, ...records });
  const verdict = judgeRun(all, world);
  return { verdict, loop: judgeLoop({ spec: { restart: policy, attempt: 2, restarts: 1, ...spec } as RecordedSpec, records: all }, verdict, world) };
}

describe('what follows a run', () => {
  it('is nothing without a policy, and while it goes on', () => {
    expect(judge({}, worldWith([ITS_LAUNCHER]), { restart: NO_RESTART }).loop).toEqual({ kind: 'none' });
    expect(judge({ exit: null }, worldWith([ITS_LAUNCHER])).loop).toEqual({ kind: 'none' });
  });

  it('is the next attempt as long as its launcher lives, also before it has said when', () => {
    expect(judge({}, worldWith([ITS_LAUNCHER])).loop).toEqual({ kind: 'waiting', attempt: 3, at: null, problem: null });
    expect(judge({ restart: waits }, worldWith([[400, '4']])).loop).toEqual({ kind: 'waiting', attempt: 3, at: '2026-11-22T10:01:02.000Z', problem: null });
    expect(judge({ restart: { ...waits, problem: 'full' } }, worldWith([[400, '4']])).loop).toMatchObject({ problem: 'full' });
  });

  it('is lost with its launcher: killed, or with another boot', () => {
    const lost = { kind: 'over', why: 'lost', stoppedBy: null };
    expect(judge({}, worldWith([])).loop).toEqual(lost);
    expect(judge({ restart: waits }, worldWith([])).loop).toEqual(lost);
    expect(judge({ keeper: { pid: 500, processStartTime: '5', bootId: THIS_BOOT } }, worldWith([])).loop).toEqual(lost);
    expect(judge({}, worldWith([ITS_LAUNCHER], { bootId: 'boot-later' })).loop).toEqual(lost);
    expect(judge({ exit: null }, worldWith([], { bootId: 'boot-later' }))).toMatchObject({ verdict: { reason: 'interrupted' }, loop: lost });
    expect(judge({ exit: null }, worldWith([]))).toMatchObject({ verdict: { reason: 'lost' }, loop: lost });
  });

  it('goes on with whoever says in launcher.json that it supervises the run now, and is over where it was stopped meanwhile', () => {
    expect(judge({ restart: waits }, worldWith([ITS_LAUNCHER])).loop).toMatchObject({ kind: 'waiting' });
    expect(judge({ keeper: { pid: 500, processStartTime: '5', bootId: THIS_BOOT } }, worldWith([ITS_LAUNCHER])).loop).toMatchObject({ kind: 'waiting' });
    const stop = { requestedAt: '2026-11-22T10:00:30.000Z', requestedBy: 'lab@host', how: 'graceful', signal: 'INT', timeoutMs: 10_000 } as const;
    expect(judge({ restart: waits, stop }, worldWith([])).loop).toEqual({ kind: 'over', why: 'stopped', stoppedBy: null });
  });

  it('is not called lost by a machine that cannot know', () => {
    expect(judge({}, worldWith([], { bootId: 'boot-there', host: 'another-host' })).loop).toMatchObject({ kind: 'waiting' });
    const inContainer = { launcher: { ...LAUNCHER, bootId: `${THIS_BOOT}.pidns-1` }, start: { ...START, bootId: `${THIS_BOOT}.pidns-1` } };
    expect(judge(inContainer, worldWith([], { bootId: `${THIS_BOOT}.pidns-2` })).loop).toMatchObject({ kind: 'waiting' });
    const abandoned = { at: '2026-11-22T12:00:00.000Z', by: 'lab@host', reason: 'elsewhere' };
    expect(judge({ ...inContainer, abandoned }, worldWith([], { bootId: `${THIS_BOOT}.pidns-2` })).loop).toMatchObject({ kind: 'over', why: 'superseded' });
    expect(judge({}, { ...worldWith([]), liveness: () => 'unknown' }).loop).toMatchObject({ kind: 'waiting' });
  });

  it('is what the launcher has said, whoever lives', () => {
    expect(judge({ next: STARTED }, worldWith([])).loop).toEqual({ kind: 'followed', by: STARTED });
    expect(judge({ loopEnd: { why: 'gave-up', at: EXIT.endedAt, stoppedBy: null } }, worldWith([ITS_LAUNCHER])).loop).toEqual({ kind: 'over', why: 'gave-up', stoppedBy: null });
  });

  it('is known from the end of the run alone where nothing is to follow', () => {
    const alive = worldWith([ITS_LAUNCHER]);
    expect(judge({ exit: EXIT }, alive).loop).toMatchObject({ why: 'succeeded' });
    expect(judge({ exit: { ...failed, reason: 'stopped', stoppedBy: { who: 'x', step: 'kill' } } }, alive).loop).toEqual({ kind: 'over', why: 'stopped', stoppedBy: { who: 'x', step: 'kill' } });
    expect(judge({}, alive, { restart: { ...policy, maxRestarts: 1, resetMs: 60_001 } }).loop).toMatchObject({ why: 'gave-up' });
    // It lived for a minute: a new row.
    expect(judge({}, alive, { restart: { ...policy, maxRestarts: 1, resetMs: 60_000 } }).loop).toMatchObject({ kind: 'waiting' });
    expect(judge({ start: null, exit: { ...failed, reason: 'start-failed' } }, alive, { attempt: 1 }).loop).toMatchObject({ why: 'not-started' });
    expect(judge({ start: null, exit: { ...failed, reason: 'start-failed' } }, alive).loop).toMatchObject({ kind: 'waiting' });
  });
});

describe('a session whose next attempt is being made', () => {
  const self = systemWorld();
  const launcher = { pid: process.pid, processStartTime: currentStarter().startTime, bootId: self.bootId };

  it('is restarting, and not unknown, while that has a claim and no record yet', async () => {
    const store = temporaryStore();
    const run = await prepared(store, specOf({ restart: policy }));
    writeRecord(run, 'start.json', { ...START, bootId: self.bootId });
    writeRecord(run, 'launcher.json', launcher);
    writeExit(run, { exitCode: 3 });
    const name = parseSessionName('train');
    expect(store.currentStatus(name)).toMatchObject({ state: 'restarting', exitCode: 3, runId: run.runId });
    const claim = { session: name, number: 2, kind: 'run', runId: newRunId(), backend: 'tmux', owner: currentStarter() } as const;
    symlinkSync(formatClaim(claim), join(run.stateDir, 'sessions', 'train', 'claims', '2'));
    expect(store.currentStatus(name)).toMatchObject({ state: 'restarting', exitCode: 3, runId: run.runId });
    expect(store.currentStatuses()).toMatchObject([{ state: 'restarting', runId: run.runId }]);
    await expect(store.claim(name, newRunId())).rejects.toMatchObject({ code: 'SESSION_EXISTS' });
  });

  it('tells of a start that is being prepared, over an ended run', async () => {
    const store = temporaryStore();
    const run = await prepared(store);
    writeExit(run, { exitCode: 3 });
    const claim = await store.claim(parseSessionName('train'), newRunId(), { backend: 'tmux' });
    expect(store.currentStatus(parseSessionName('train'))).toMatchObject({ state: 'unknown', runId: claim.runId, unknownReason: 'it is being started' });
  });
});
