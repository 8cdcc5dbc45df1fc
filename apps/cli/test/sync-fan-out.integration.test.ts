import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { SyncWorld } from './sync-world.ts';
import { checkSums, CLI, syncWorld } from './sync-world.ts';

const TO = ['dest', 'local'] as const;

async function world(): Promise<SyncWorld> {
  const made = await syncWorld({ type: 'local', also: ['local'] });
  for (const name of ['a', 'b', 'c']) made.write(`results/${name}`, name.repeat(1000));
  return made;
}

const resultsOf = (w: SyncWorld): readonly string[] => [path.join(w.place, 'results'), path.join(w.root, 'local/results')];

describe('a push to two destinations', () => {
  it('reads the source once, whoever of the two comes first', async () => {
    const w = await world();
    const pushed = await w.sync.push({ source: path.join(w.project, 'results'), to: TO, as: null });
    const sealed: string[] = [];
    await w.sync.work({ until: 'idle', signal: AbortSignal.timeout(60_000), onEvent: (event) => { if (event.type === 'sealing' && event.filesDone === event.filesTotal) sealed.push(event.jobId); } });
    const jobs = await Promise.all(pushed.map(async ({ job }) => await w.sync.queue.get(job.id)));
    expect(jobs.map(({ state, destination }) => [destination, state])).toEqual([['dest', 'VERIFIED'], ['local', 'VERIFIED']]);
    expect(new Set(jobs.map(({ sealId }) => sealId)).size).toBe(1);
    expect(new Set(sealed).size).toBe(1);
    const histories = await Promise.all(jobs.map(async ({ id }) => await w.sync.queue.history(id)));
    expect(histories.flat().filter(({ reason }) => reason === 'sealing the source')).toHaveLength(1);
    for (const result of resultsOf(w)) await checkSums(result);
  });
});

describe.runIf(requireService('script'))('a push to two destinations on a terminal', () => {
  it('shows a line for each and one for both, takes them away, and ends with what became of them', async () => {
    const w = await world();
    // Both wait, so that both lines are there, however quick the machine is.
    await w.sync.push({ source: path.join(w.project, 'results'), to: TO, as: null });
    for (const name of TO) await w.sync.queue.pauseDestination(name);
    const command = [...CLI, 'sync', 'push', 'results', '--to', 'dest', '--to', 'local', '--wait'].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', `stty cols 200 rows 30; ${command}`, '/dev/null'], { cwd: w.project, env: w.env, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'close');
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    await waitFor(() => / -> dest {2}QUEUED is paused[^\n]*\r\n[^\n]* -> local {2}QUEUED is paused[^\n]*\r\n0 of 2 transfers done/.test(shown), { what: 'the lines of both', deadline: 60_000 });
    for (const name of TO) await w.sync.queue.resumeDestination(name);
    await w.sync.work({ until: 'idle', signal: AbortSignal.timeout(60_000) });
    expect(await ended).toEqual([0, null]);
    // Two lines up and everything below erased: what was drawn of both is gone.
    expect(shown).toContain('\r\u001b[2A\u001b[J');
    const last = shown.slice(Math.max(shown.lastIndexOf('\u001b[J'), shown.lastIndexOf('\u001b[K')));
    expect(last.match(/-> \w+: results {2}\S*VERIFIED/g)).toHaveLength(2);
  });
});
