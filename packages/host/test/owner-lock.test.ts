import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { currentProcess } from '@longhaul/exec';
import { describe, expect, it } from 'vitest';

import { OwnerLock } from '../src/index.ts';
import { scratch } from './scratch.ts';

const execute = promisify(execFile);
const MODULE = path.resolve(import.meta.dirname, '../src/worker/owner-lock.ts');
const NODE = ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval'];

describe('a lock of one process', () => {
  it('is free, then held, then free again', () => {
    const folder = path.join(scratch(), 'lock');
    const lock = new OwnerLock(folder);
    expect(lock.state()).toEqual({ kind: 'free' });
    expect(lock.tryAcquire()).toBe('acquired');
    expect(new OwnerLock(folder).state()).toEqual({ kind: 'held', owner: currentProcess() });
    expect(new OwnerLock(folder).tryAcquire()).toBe('held');
    lock.release();
    lock.release();
    expect(lock.state()).toEqual({ kind: 'free' });
  });

  it('is free when its owner was killed, and held by nobody who only has that pid', async () => {
    const folder = path.join(scratch(), 'lock');
    const child = spawn(process.execPath, [...NODE, `import { OwnerLock } from ${JSON.stringify(MODULE)}; console.log(new OwnerLock(${JSON.stringify(folder)}).tryAcquire()); setInterval(() => {}, 1000);`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(new OwnerLock(folder).tryAcquire()).toBe('held');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(new OwnerLock(folder).tryAcquire()).toBe('acquired');
    // Our own pid with another start time: a process that had this number before us.
    const stranger = { ...currentProcess(), startTime: '1' };
    const other = path.join(scratch(), 'other');
    new OwnerLock(other, stranger).tryAcquire();
    expect(new OwnerLock(other).tryAcquire()).toBe('acquired');
  });

  it('counts an owner on another machine as alive: nobody can look at it', () => {
    const folder = path.join(scratch(), 'lock');
    new OwnerLock(folder, { ...currentProcess(), host: 'elsewhere' }).tryAcquire();
    expect(new OwnerLock(folder).state().kind).toBe('held');
  });

  it('never uses a number twice, so that who slept cannot come by an old one', () => {
    const folder = path.join(scratch(), 'lock');
    for (let round = 0; round < 3; round++) {
      const lock = new OwnerLock(folder);
      expect(lock.tryAcquire()).toBe('acquired');
      lock.release();
    }
    expect(readdirSync(folder)).toEqual(['3']);
    // One that looked when 1 was the highest and creates 2 now: the higher number counts.
    writeFileSync(path.join(folder, '2'), JSON.stringify(currentProcess()));
    expect(new OwnerLock(folder).state().kind).toBe('free');
  });

  it('is held by one of many at a time', async () => {
    const folder = scratch();
    const log = path.join(folder, 'log');
    const code = `
      import { appendFileSync } from 'node:fs';
      import { OwnerLock } from ${JSON.stringify(MODULE)};
      const lock = new OwnerLock(${JSON.stringify(path.join(folder, 'lock'))});
      for (let done = 0; done < 5; ) {
        if (lock.tryAcquire() !== 'acquired') { await new Promise((resolve) => setImmediate(resolve)); continue; }
        appendFileSync(${JSON.stringify(log)}, 'in\\n');
        appendFileSync(${JSON.stringify(log)}, 'out\\n');
        lock.release();
        done += 1;
      }`;
    await Promise.all(Array.from({ length: 4 }, async () => await execute(process.execPath, [...NODE, code])));
    const events = readFileSync(log, 'utf8').trim().split('\n');
    expect(events).toHaveLength(40);
    expect(events.filter((event, index) => event !== (index % 2 === 0 ? 'in' : 'out'))).toEqual([]);
  }, 60_000);
});
