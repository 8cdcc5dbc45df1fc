import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runToEnd, tempDir } from '@longhaul/testbed';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The text of every fenced block in this language. */
function blocks(language: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map((match) => match[1]!);
}

/** What a person would type, in order. */
const typed = blocks('console')
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.startsWith('$ '))
  .map((line) => line.slice(2));

it('runs every line of the README in the order in which it stands there', { timeout: 180_000 }, async () => {
  await using folder = await tempDir('lh-');
  const socket = join(folder.path, 'tmux.sock');
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'longhaul'), `#!/bin/sh\nexec '${process.execPath}' --conditions=@longhaul/source '${join(root, 'apps/cli/src/main.ts')}' --tmux-socket '${socket}' "$@"\n`, { mode: 0o755 });
  writeFileSync(join(folder.path, 'longhaul.yaml'), blocks('yaml')[0]!);
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, LONGHAUL_STATE_DIR: join(folder.path, 'state'), NODE_NO_WARNINGS: '1' };
  try {
    expect(typed.length).toBeGreaterThan(8);
    for (const line of typed) {
      const result = await runToEnd('bash', ['-c', line], { cwd: folder.path, env });
      expect(result.code, `$ ${line}\n${result.stdout.toString('utf8')}${result.stderr.toString('utf8')}`).toBe(0);
    }
  } finally {
    await runToEnd('tmux', ['-S', socket, 'kill-server']);
  }
});
