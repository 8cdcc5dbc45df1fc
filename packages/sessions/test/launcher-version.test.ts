import { createHash } from 'node:crypto';

import { expect, it } from 'vitest';

import { LAUNCHER_SCRIPTS, LAUNCHER_VERSION } from '../src/launcher/launcher-scripts.ts';

it('names the folder of the scripts by their content: paste what is received when they have changed', () => {
  expect(LAUNCHER_VERSION).toBe(createHash('sha256').update(JSON.stringify(LAUNCHER_SCRIPTS)).digest('hex').slice(0, 16));
});
