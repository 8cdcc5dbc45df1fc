import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { tempDir } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import { CONTAINER_SCRIPTS } from '../src/launcher/container-scripts.ts';
import type { Answer, Answers } from './fake-docker.ts';
import { attached, crash, fakeDocker, inTurn, json, kept, silent } from './fake-docker.ts';

interface Followed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The log of the run; null where nobody touched it. */
  readonly log: string | null;
  /** Why, of each gap; with `, unseen` where nobody saw the end, so that a 255 of the engine's is no code. */
  readonly gaps: readonly string[];
}

interface Setting {
  readonly task?: 'start' | 'resume';
  /** Whether the launcher that started it still lives; default yes. */
  readonly launcher?: 'alive' | 'killed';
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs follow.mjs to its end in a run's folder of its own. */
async function follow(answers: Answers, { task = 'start', launcher = 'alive', files = {} }: Setting = {}): Promise<Followed> {
  const dir = await tempDir();
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  const server = await fakeDocker(dir.join('docker.sock'), answers);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  for (const [name, text] of Object.entries({ 'follow.mjs': CONTAINER_SCRIPTS['follow.mjs'] ?? '', ...files })) writeFileSync(dir.join(name), text);
  const args = [dir.join('follow.mjs'), dir.join('docker.sock'), 'c0ffee', 'no', task, 'docker', launcher === 'alive' ? String(process.pid) : '1'];
  const child = spawn(process.execPath, args, { cwd: dir.path, stdio: ['ignore', 'pipe', 'pipe'] });
  if (launcher === 'alive') writeFileSync(dir.join('follow.pid'), `${String(child.pid)} 1\n`);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
  await once(child, 'close');
  const gaps = existsSync(dir.join('gaps')) ? readFileSync(dir.join('gaps'), 'utf8').trim().split('\n') : [];
  return {
    code: child.exitCode,
    ...said,
    log: existsSync(dir.join('output.cri')) ? readFileSync(dir.join('output.cri'), 'utf8').replace(/^\S+ /gm, '') : null,
    gaps: gaps.map((line) => {
      const { why, ended } = JSON.parse(line) as { readonly why: string; readonly ended: boolean };
      return ended ? `${why}, unseen` : why;
    }),
  };
}

const StartedAt = '2026-11-22T10:00:00.000000000Z';
const running = json({ State: { Status: 'running', Running: true, Pid: 42, StartedAt } });
const exited = json({ State: { Status: 'exited', Running: false, Pid: 0, StartedAt } });
const over = json({ StatusCode: 0 });
const started = json({ Action: 'start' });
const forgotten: Answer = (response) => {
  response.end();
};
const done: Answer = (response) => {
  response.writeHead(204).end();
};
const gone: Answer = (response) => {
  response.writeHead(404).end('{"message":"No such container"}');
};
const created = json({ State: { Status: 'created', Running: false, Pid: 0, StartedAt: '0001-01-01T00:00:00Z' } });

describe('what copies the log of a container of docker', () => {
  it('has the whole log from the connection that lasted to the end', async () => {
    const answers = { 'POST /attach': attached('one\n', 'two'), 'POST /wait': over, 'POST /start': done, 'GET /json': running };
    expect(await follow(answers)).toEqual({ code: 0, stdout: '42\n', stderr: '', log: 'stdout F one\nstdout P two\n', gaps: [] });
  });

  it('goes on with a container that was started by an engine which went away before it could say so', async () => {
    const answers = { 'POST /attach': silent, 'POST /wait': inTurn(silent, over), 'POST /start': crash, 'GET /json': inTurn(running, running, exited), 'GET /events': forgotten, 'GET /logs': kept('one\n') };
    expect(await follow(answers)).toEqual({ code: 0, stdout: '42\n', stderr: '', log: 'stdout F one\n', gaps: ['engine-away-at-end, unseen'] });
  });

  it('says that there is no job where that engine had not started it', async () => {
    const answers = { 'POST /attach': silent, 'POST /wait': silent, 'POST /start': crash, 'GET /json': created };
    expect(await follow(answers)).toMatchObject({ code: 125, stdout: '', stderr: expect.stringContaining('went away before it started') as string, gaps: [] });
  });

  it('fetches the rest where a connection broke by itself, and notes nothing: the engine remembers the start', async () => {
    const answers = { 'POST /attach': attached('one\n'), 'POST /wait': inTurn(silent, over), 'POST /start': done, 'GET /json': inTurn(running, exited), 'GET /events': started, 'GET /logs': kept('one\n', 'two\n') };
    expect(await follow(answers)).toMatchObject({ code: 0, log: 'stdout F one\nstdout F two\n', gaps: [] });
  });

  it('notes that an engine was away under a job that runs on, once', async () => {
    const answers = { 'POST /attach': silent, 'POST /wait': inTurn(silent, over), 'POST /start': done, 'GET /json': inTurn(crash, running, running, exited), 'GET /events': forgotten, 'GET /logs': kept('one\n', 'two\n') };
    expect(await follow(answers)).toMatchObject({ code: 0, stdout: '42\n', log: 'stdout F one\nstdout F two\n', gaps: ['engine-away'] });
  });

  it('takes the code of a container that ended just when its engine was back, which saw that end', async () => {
    const answers = { 'POST /attach': attached('one\n'), 'POST /wait': inTurn(silent, over), 'POST /start': done, 'GET /json': inTurn(running, exited), 'GET /events': json({ Action: 'die' }), 'GET /logs': kept('one\n') };
    expect(await follow(answers)).toMatchObject({ code: 0, log: 'stdout F one\n', gaps: ['engine-away'] });
  });

  it('notes that a container was removed before its output was copied', async () => {
    expect(await follow({ 'POST /wait': gone, 'GET /json': gone }, { task: 'resume' })).toMatchObject({ code: 0, log: '', gaps: ['container-gone, unseen'] });
  });

  it('leaves a log alone that another has copied to the end', async () => {
    expect(await follow({}, { task: 'resume', files: { followed: '', 'output.cri': 'now stdout F one\n' } })).toMatchObject({ code: 0, log: 'stdout F one\n', gaps: [] });
  });

  it('touches nothing where its launcher was killed before it could write down who copies: another will', async () => {
    expect(await follow({}, { launcher: 'killed' })).toMatchObject({ code: 1, stdout: '', log: null, gaps: [] });
  });
});
