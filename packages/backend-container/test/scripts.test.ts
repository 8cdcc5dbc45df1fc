import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { CONTAINER_SCRIPTS, CONTAINER_SCRIPTS_VERSION } from '../src/launcher/container-scripts.ts';

describe('the scripts of the launcher', () => {
  it('lie in a folder that is named by their content', () => {
    expect(CONTAINER_SCRIPTS_VERSION).toBe(createHash('sha256').update(JSON.stringify(CONTAINER_SCRIPTS)).digest('hex').slice(0, 16));
  });

  it('are what sh and Node can read', () => {
    const shells = Object.entries(CONTAINER_SCRIPTS).filter(([name]) => name.endsWith('.sh'));
    expect(shells).toHaveLength(4);
    for (const [name, input] of shells) {
      const shell = spawnSync('sh', ['-n'], { input });
      expect({ name, status: shell.status, stderr: shell.stderr.toString() }).toEqual({ name, status: 0, stderr: '' });
    }
    const node = spawnSync(process.execPath, ['--input-type=module', '--check', '-'], { input: CONTAINER_SCRIPTS['follow.mjs'] ?? '}' });
    expect({ status: node.status, stderr: node.stderr.toString() }).toEqual({ status: 0, stderr: '' });
  });
});
