import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { CONTAINER_SCRIPTS, CONTAINER_SCRIPTS_VERSION } from '../src/launcher/container-scripts.ts';

describe('the scripts of the launcher', () => {
  it('lie in a folder that is named by their content', () => {
    expect(CONTAINER_SCRIPTS_VERSION).toBe(createHash('sha256').update(JSON.stringify(CONTAINER_SCRIPTS)).digest('hex').slice(0, 16));
  });

  it('are what sh and Node can read', () => {
    const shell = spawnSync('sh', ['-n'], { input: CONTAINER_SCRIPTS['container.sh'] ?? 'fi' });
    const node = spawnSync(process.execPath, ['--input-type=module', '--check', '-'], { input: CONTAINER_SCRIPTS['follow.mjs'] ?? '}' });
    expect({ shell: shell.stderr.toString(), node: node.stderr.toString() }).toEqual({ shell: '', node: '' });
    expect([shell.status, node.status]).toEqual([0, 0]);
  });
});
