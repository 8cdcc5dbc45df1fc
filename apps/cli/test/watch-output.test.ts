import { PassThrough } from 'node:stream';

import { expect, it } from 'vitest';

import { watchOutput } from '../src/output/watch-output.ts';

it.each([
  ['a pipe that was closed', 'EPIPE', false, null],
  ['a terminal that was hung up', 'EIO', true, null],
  ['a disk that is broken', 'EIO', false, 'EIO'],
  ['a disk that is full', 'ENOSPC', false, 'ENOSPC'],
])('takes %s for what it is', (_, code, isTTY, failure) => {
  const stdout = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream;
  const watch = watchOutput({ stdout, stderr: new PassThrough() as unknown as NodeJS.WriteStream });
  watch.endsWithReader = false;
  stdout.emit('error', Object.assign(new Error(code), { code }));
  expect(watch.failure?.message ?? null).toBe(failure);
});
