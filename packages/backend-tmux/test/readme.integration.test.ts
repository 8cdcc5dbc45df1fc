import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { requireService, runToEnd, tempDir, withPrivateTmux } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

const HERE = fileURLToPath(new URL('.', import.meta.url));

describe.runIf(requireService('tmux', 'script'))('the README', () => {
  it('has an example that runs and prints what it says', async () => {
    const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(HERE, '../README.md'), 'utf8')) ?? [];
    await using dir = await tempDir();
    await using tmux = await withPrivateTmux('longhaul');
    // Beside the tests, so that the packages are found.
    const file = join(HERE, `.readme-${String(process.pid)}.ts`);
    await writeFile(file, `const stateDir = ${JSON.stringify(dir.join('state'))};\n${code ?? 'throw new Error("no example");'}`);
    try {
      const { stdout, stderr, code: exitCode } = await runToEnd(process.execPath, ['--conditions=@longhaul/source', file], { env: { ...process.env, TMUX: undefined, TMUX_TMPDIR: tmux.tmpdir } });
      expect({ stdout: stdout.toString().replaceAll('\r', ''), stderr: stderr.toString(), exitCode }).toEqual({ stdout: 'running\nworking\nexited 7\n', stderr: '', exitCode: 0 });
    } finally {
      await runToEnd('rm', ['-f', file]);
    }
  });
});
