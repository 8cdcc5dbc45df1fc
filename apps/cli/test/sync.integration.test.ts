import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { OutputState } from '@longhaul/host';
import type { SessionStatus } from '@longhaul/sessions';
import type { Job, JobEvent } from '@longhaul/sync-queue';
import { requireService, runProgram, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import type { CliWorld } from './cli-world.ts';
import { cliWorld } from './cli-world.ts';

const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

interface StatusData {
  readonly session: SessionStatus;
  readonly outputs: readonly OutputState[];
}

interface Receipt {
  readonly jobId: string;
  readonly run: { readonly session: string; readonly runId: string; readonly exitCode: number | null; readonly command: readonly string[] } | null;
}

function withDisk(folders: readonly string[] = ['disk']): CliWorld {
  const world = cliWorld();
  for (const folder of folders) mkdirSync(path.join(world.root, folder));
  const lines = folders.map((folder) => `  ${folder}: { type: local, path: ${path.join(world.root, folder)} }\n`);
  world.write('longhaul.yaml', `destinations:\n${lines.join('')}`);
  return world;
}

async function jobs(world: CliWorld): Promise<readonly Job[]> {
  return (await world.json<{ jobs: readonly Job[] }>(['sync', 'list'])).jobs;
}

function receipt(result: string): Receipt {
  return JSON.parse(readFileSync(path.join(result, '.longhaul/longhaul.json'), 'utf8')) as Receipt;
}

describe.runIf(requireService('tmux', 'script'))('outputs of a session', () => {
  it('are sent when it ends, without another call, and the receipt says which run made them', async () => {
    const world = withDisk();
    const started = await world.json<SessionStatus>(['start', 'train', '-o', 'results', '--to', 'disk', ...sh('mkdir results; echo data > results/one; exit 4')]);
    const result = path.join(world.root, 'disk/train', started.runId ?? '', 'results');
    await waitFor(() => existsSync(path.join(result, '.longhaul/longhaul.json')), { what: 'the result at the destination', deadline: 40_000 });
    // A run that failed is sent too: what it left is evidence.
    expect(receipt(result).run).toMatchObject({ session: 'train', runId: started.runId, exitCode: 4, command: ['sh', '-c', expect.any(String) as string] });
    await runProgram('sha256sum', ['--quiet', '--strict', '-c', '.longhaul/checksums.sha256'], { cwd: result });
    const { outputs } = await waitFor(async () => {
      const data = await world.json<StatusData>(['status', 'train']);
      return data.outputs[0]?.job?.state === 'VERIFIED' ? data : null;
    });
    expect(outputs).toMatchObject([{ path: 'results', destination: 'disk', problem: null, job: { state: 'VERIFIED', finalName: `train/${started.runId ?? ''}/results` } }]);
  });

  it('become exactly one job per output and destination, with the hook and many calls racing', async () => {
    const world = withDisk(['disk', 'second']);
    await world.json(['start', 'race', '-o', 'a', '-o', 'b', '--to', 'disk', '--to', 'second', ...sh('mkdir a b; echo 1 > a/f; echo 2 > b/f; read line')]);
    await world.longhaul(['send', 'race', '--enter']);
    // Each of these settles outputs at its end, and the hook does so at the same time.
    await Promise.all([['wait', 'race'], ['wait', 'race'], ['wait', 'race'], ['list']].map(async (args) => await world.longhaul(args)));
    await world.longhaul(['sync', 'work', '--drain']);
    const made = await jobs(world);
    expect(made.map(({ source, destination, state }) => [path.basename(source), destination, state]).sort()).toEqual([
      ['a', 'disk', 'VERIFIED'],
      ['a', 'second', 'VERIFIED'],
      ['b', 'disk', 'VERIFIED'],
      ['b', 'second', 'VERIFIED'],
    ]);
  });

  it('outlive their session: remove says what is still sent, and why', async () => {
    const world = withDisk();
    await world.longhaul(['sync', 'destinations', 'pause', 'disk']);
    await world.longhaul(['run', 'train', '-o', 'results', '--to', 'disk', ...sh('mkdir results; echo data > results/one')]);
    const { id } = await waitFor(async () => (await jobs(world))[0]);
    const kept = /^train removed; the history keeps 1 run with log and exit code; 1 job of its outputs goes on, so that nothing it made is lost \(longhaul sync list --session train\)\n$/;
    expect((await world.longhaul(['remove', 'train', '--yes'])).stdout).toMatch(kept);
    expect(await jobs(world)).toMatchObject([{ id, state: 'QUEUED' }]);
  });

  it('that are not there at the end are said, with the reason, and are no secret of a log', async () => {
    const world = withDisk();
    await world.longhaul(['run', 'forgetful', '-o', 'nothing', '--to', 'disk', ...sh('echo made nothing')]);
    const status = await world.longhaul(['status', 'forgetful']);
    expect(status.code).toBe(6);
    expect(status.stdout).toMatch(/output +nothing -> disk {2}not sent: .*nothing.* does not exist/);
    expect((await world.longhaul(['why', 'forgetful'])).stdout).toMatch(/nothing -> disk {2}it was not sent: [^]*fix +longhaul sync push/);
    expect(await jobs(world)).toEqual([]);
  });

  it('are sent although longhaul.yaml was broken meanwhile', async () => {
    const world = withDisk();
    const started = await world.json<SessionStatus>(['start', 'edited', '-o', 'out', '--to', 'disk', ...sh('mkdir out; echo 1 > out/f; read line')]);
    await world.longhaul(['send', 'edited', '--enter']);
    world.write('longhaul.yaml', 'destinations: [');
    const result = path.join(world.root, 'disk/edited', started.runId ?? '', 'out/.longhaul/longhaul.json');
    await waitFor(() => existsSync(result), { what: 'the result at the destination', deadline: 40_000 });
  });

  it('of an earlier run that are not sent yet are named by a start that may change them', async () => {
    const world = withDisk();
    await world.longhaul(['sync', 'destinations', 'pause', 'disk']);
    await world.longhaul(['run', 'again', '-o', 'out', '--to', 'disk', ...sh('mkdir -p out; echo 1 > out/f')]);
    const second = await world.longhaul(['start', 'again', '-o', 'out', '--to', 'disk', ...sh('echo 2 > out/f')]);
    expect(second).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning: .*out still holds what run .* made, and it is not sent yet/) as string });
  });

  it('to a destination that nobody knows are refused before the job is started', async () => {
    const world = withDisk();
    const result = await world.longhaul(['start', 'x', '-o', 'a', '--to', 'dsik', '--', 'true']);
    expect(result).toMatchObject({ code: 2, stderr: 'longhaul: there is no destination "dsik"\nhint: did you mean disk?\n' });
    expect((await world.longhaul(['status', 'x'])).code).toBe(3);
  });
});

describe('sync push', () => {
  it('waits until the result is proven; the same again is a no-op that says so; changed content is a new generation', async () => {
    const world = withDisk();
    for (let file = 0; file < 30; file++) world.write(`scans/${String(file % 3)}/file ${String(file)}`, `content ${String(file)}`);
    const first = await world.longhaul(['sync', 'push', 'scans', '--to', 'disk', '--wait']);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/scans -> disk: scans {2}VERIFIED 30 files, 290 B/) as string });
    const result = path.join(world.root, 'disk/scans');
    await runProgram('sha256sum', ['--quiet', '-c', '.longhaul/checksums.sha256'], { cwd: result });
    expect(receipt(result).run).toBeNull();
    expect(await world.longhaul(['why', 'scans'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\w{26} {2}VERIFIED[^]*local files of .*scans {2}stay/) as string });
    expect(await world.longhaul(['why', 'nobody'])).toMatchObject({ code: 3, stderr: expect.stringContaining('session "nobody"') as string });
    expect(await world.longhaul(['why', '01zzzz'])).toMatchObject({ code: 3, stderr: expect.stringContaining('sync job "01zzzz"') as string });

    world.write('scans/0/file 0', 'changed');
    const again = await world.longhaul(['sync', 'push', 'scans', '--to', 'disk', '--wait', '--json']);
    const events = again.stdout.trim().split('\n').map((line) => JSON.parse(line) as { type: string; data?: { jobs: readonly Job[] } });
    expect(events.at(-1)).toMatchObject({ type: 'result', data: { jobs: [{ state: 'VERIFIED', generation: 2 }] } });
    expect(events.some(({ type }) => type === 'progress')).toBe(true);
    expect(readFileSync(path.join(result, '0/file 0'), 'utf8')).toBe('changed');
  });

  it('goes on when waiting is given up, and its worker ends when all is done', async () => {
    const world = withDisk();
    world.write('longhaul.yaml', `destinations: { slow: { type: local, path: ${path.join(world.root, 'disk')}, bandwidth: { uploadMbps: 8 } } }`);
    writeFileSync(path.join(world.project, 'big'), Buffer.alloc(3_000_000, 7));
    const call = world.start(['sync', 'push', 'big', '--to', 'slow', '--wait', '--json']);
    await waitFor(() => call.stdout().includes('"state":"RUNNING"'), { what: 'the transfer', deadline: 40_000 });
    call.process.kill('SIGINT');
    expect(await call.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('goes on in the background') as string });
    const log = path.join(world.stateDir, 'worker.log');
    await waitFor(() => /worker \d+ ends/.test(readFileSync(log, 'utf8')), { what: 'the end of the worker', deadline: 60_000 });
    expect(await jobs(world)).toMatchObject([{ state: 'VERIFIED', attempts: 0 }]);
  });

  it('starts one worker, however many calls there are', async () => {
    const world = withDisk();
    for (const name of ['a', 'b', 'c', 'd']) world.write(`${name}/file`, name);
    await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => await world.longhaul(['sync', 'push', name, '--to', 'disk'])));
    await waitFor(async () => (await jobs(world)).every(({ state }) => state === 'VERIFIED'), { what: 'all four', deadline: 60_000 });
    const log = path.join(world.stateDir, 'worker.log');
    await waitFor(() => balanced(readFileSync(log, 'utf8')), { what: 'the end of the worker' });
    const turns = readFileSync(log, 'utf8').split('\n').flatMap((line) => /worker \d+ (begins|ends)/.exec(line)?.[1] ?? []);
    expect(turns.filter((turn, index) => turn !== (index % 2 === 0 ? 'begins' : 'ends'))).toEqual([]);
    expect(await jobs(world)).toHaveLength(4);
  });

  it('has its worker start while it is put into the queue, where somebody waits: one, which ends with nothing left to do', async () => {
    const world = withDisk();
    world.write('a/file', 'a');
    expect(await world.longhaul(['sync', 'push', 'a', '--to', 'disk', '--wait'])).toMatchObject({ code: 0 });
    const log = path.join(world.stateDir, 'worker.log');
    await waitFor(() => /worker \d+ ends/.test(readFileSync(log, 'utf8')), { what: 'the end of the worker', deadline: 60_000 });
    expect(readFileSync(log, 'utf8').match(/worker \d+ begins/g)).toHaveLength(1);
    expect(await world.longhaul(['sync', 'push', 'nothing', '--to', 'disk', '--wait'])).toMatchObject({ code: 3 });
    await waitFor(() => readFileSync(log, 'utf8').match(/worker \d+ ends/g)?.length === 2, { what: 'the end of the worker that was started for nothing', deadline: 60_000 });
  });

  it('loses nothing when its worker is killed: the next one takes over', async () => {
    const world = withDisk();
    world.write('longhaul.yaml', `destinations: { slow: { type: local, path: ${path.join(world.root, 'disk')}, bandwidth: { uploadMbps: 8 } } }`);
    writeFileSync(path.join(world.project, 'big'), Buffer.alloc(2_000_000, 7));
    await world.longhaul(['sync', 'push', 'big', '--to', 'slow', '--no-worker']);
    const worker = world.start(['sync', 'work', '--drain', '--json']);
    await waitFor(() => worker.stdout().includes('"type":"progress"'), { what: 'the transfer', deadline: 40_000 });
    worker.process.kill('SIGKILL');
    await worker.ended;
    expect((await world.longhaul(['sync', 'work', '--drain'])).code).toBe(0);
    const [job] = await jobs(world);
    expect(job).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    const { history } = await world.json<{ history: readonly JobEvent[] }>(['sync', 'show', job?.id ?? '']);
    // RUNNING, taken back from the dead owner, RUNNING again.
    expect(history.filter(({ from, to }) => from === 'QUEUED' && to === 'RUNNING')).toHaveLength(2);
    expect(history.find(({ from, to }) => from === 'RUNNING' && to === 'QUEUED')?.reason).toMatch(/worker is gone/);
  });

  it('keeps two projects apart that call different places by one name', async () => {
    const world = withDisk();
    const other = path.join(world.root, 'other');
    mkdirSync(path.join(world.root, 'elsewhere'), { recursive: true });
    mkdirSync(other);
    writeFileSync(path.join(other, 'longhaul.yaml'), `destinations: { disk: { type: local, path: ${path.join(world.root, 'elsewhere')} } }`);
    writeFileSync(path.join(other, 'file'), 'x');
    world.write('mine', 'y');
    expect((await world.longhaul(['sync', 'push', 'mine', '--to', 'disk', '--wait'])).code).toBe(0);
    expect((await world.longhaul(['sync', 'push', 'file', '--to', 'disk', '--wait'], { cwd: other })).code).toBe(0);
    expect([existsSync(path.join(world.root, 'disk/mine')), existsSync(path.join(world.root, 'elsewhere/file')), existsSync(path.join(world.root, 'disk/file'))]).toEqual([true, true, false]);
  });

  it('cancels and retries by the beginning of an id, and asks first', async () => {
    const world = withDisk();
    world.write('one/file', '1');
    const { jobs: [pushed] } = await world.json<{ jobs: readonly { job: Job }[] }>(['sync', 'push', 'one', '--to', 'disk', '--no-worker']);
    const id = pushed?.job.id ?? '';
    expect(await world.longhaul(['sync', 'cancel', id])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect((await world.longhaul(['sync', 'cancel', id, '--dry-run'])).stdout).toMatch(/QUEUED.*would be cancelled/);
    expect((await world.longhaul(['sync', 'cancel', id.toLowerCase().slice(0, 20), '--yes'])).stdout).toMatch(/cancelled/);
    expect((await world.longhaul(['sync', 'retry', id, '--no-worker'])).stdout).toMatch(/queued again/);
    expect((await world.longhaul(['sync', 'work', '--drain'])).code).toBe(0);
    expect(await jobs(world)).toMatchObject([{ state: 'VERIFIED' }]);
    for (const subject of [id, 'one', './one']) expect((await world.longhaul(['why', subject])).stdout).toMatch(/VERIFIED: 1 file/);
    expect(await world.longhaul(['why', './two'])).toMatchObject({ code: 3 });
  });

  it('says what is wrong with a source or a destination before anything is queued', async () => {
    const world = withDisk();
    world.write('here/file', '1');
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['missing', '--to', path.join(world.root, 'disk')], 3, /does not exist/],
      [['here', '--to', '/no/such/folder'], 2, /not a folder that exists/],
      [['here', '--to', path.join(world.root, 'disk'), '--as', '../up'], 2, /cannot be a final name/],
      [['here'], 2, /--to DEST is missing/],
    ];
    for (const [args, code, message] of cases) {
      expect(await world.longhaul(['sync', 'push', ...args]).then((result) => [args, result.code, result.stderr])).toEqual([args, code, expect.stringMatching(message)]);
    }
    expect(await jobs(world)).toEqual([]);
    // Said wherever the file is read, and without the secret.
    world.write('longhaul.yaml', 'destinations: { s3: { type: rclone, remote: "lab,pass=secret:x" } }');
    const refused = await world.longhaul(['sync', 'push', 'here', '--to', 's3']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/must be remote:path/) as string });
    expect(refused.stderr).not.toContain('secret');
  });
});

function balanced(log: string): boolean {
  return (log.match(/ begins$/gm) ?? []).length === (log.match(/ ends$/gm) ?? []).length;
}
