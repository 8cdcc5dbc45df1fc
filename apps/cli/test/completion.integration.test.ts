import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { runToEnd } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import { candidates } from '../src/completion/candidates.ts';
import { cliWorld } from './cli-world.ts';

const names = { sessions: () => ['train', 'train-2', 'bot'], defined: () => Promise.resolve(['nightly']), destinations: () => Promise.resolve(['nas', 'disk']) };

describe('what a word may become', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['sto'], ['stop']],
    [['sync', 'pu'], ['push']],
    [['config', 'sch'], ['schema']],
    [['stop', 'tr'], ['train', 'train-2']],
    [['stop', 'train', 'b'], ['bot']],
    [['--json', 'logs', 'b'], ['bot']],
    [['rm', 'b'], ['bot']],
    [['logs', 'train', '--fo'], ['--follow']],
    [['list', '--state', 'st'], ['stopped']],
    [['sync', 'push', 'x', '--to', ''], ['nas', 'disk']],
    [['start', ''], ['nightly']],
    [['start', 'x', '--', 'tr'], []],
    [['start', 'x', '-C', ''], []],
    [['stop', '--state-dir', ''], []],
    [['--ver'], ['--version']],
    [['frobnicate', ''], []],
    [['complet'], ['completion']],
  ])('%j: %j', async (words, expected) => {
    expect(await candidates(words, names)).toEqual(expected);
  });
});

it('bash completes commands, sessions and destinations by asking the program', async () => {
  const world = cliWorld();
  const bin = path.join(world.root, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'longhaul'), `#!/bin/sh\nexec '${process.execPath}' --conditions=@longhaul/source '${path.resolve(import.meta.dirname, '../src/main.ts')}' "$@"\n`, { mode: 0o755 });
  for (const name of ['train', 'other']) mkdirSync(path.join(world.stateDir, 'sessions', name), { recursive: true });
  world.write('longhaul.yaml', 'destinations:\n  nas: { type: local, path: /mnt/nas }\n');
  const script = `eval "$(longhaul completion bash)"
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _longhaul; printf '%s|' "\${COMPREPLY[@]}"; echo; }
try longhaul stat; try longhaul stop t; try longhaul sync push x --to ''; try longhaul start x -- t`;
  const { code, stdout, stderr } = await runToEnd('bash', ['-c', script], { cwd: world.project, env: { ...world.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` } });
  expect({ code, stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({ code: 0, stdout: 'status|\ntrain|\nnas|\n|\n', stderr: '' });
  expect(await world.longhaul(['completion', 'tcsh'])).toMatchObject({ code: 2 });
  for (const shell of ['zsh', 'fish']) expect((await world.longhaul(['completion', shell])).stdout).toContain('longhaul complete -- ');
});
