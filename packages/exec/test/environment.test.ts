import { expect, onTestFinished, test } from 'vitest';

import { buildEnvironment } from '../src/environment.ts';

test('what is started for Longhaul itself does not count as a process of the job that Longhaul was called in', () => {
  const before = process.env['LONGHAUL_RUN_ID'];
  onTestFinished(() => {
    if (before === undefined) delete process.env['LONGHAUL_RUN_ID'];
    else process.env['LONGHAUL_RUN_ID'] = before;
  });
  process.env['LONGHAUL_RUN_ID'] = '01J0000000000000000000000A';
  const inherited = buildEnvironment({ set: { LC_ALL: 'C' } });
  expect(inherited).toMatchObject({ PATH: process.env['PATH'], LC_ALL: 'C' });
  expect(inherited).not.toHaveProperty('LONGHAUL_RUN_ID');
  expect(buildEnvironment({ base: 'empty', set: { LONGHAUL_RUN_ID: 'asked for' } })).toEqual({ LONGHAUL_RUN_ID: 'asked for' });
});
