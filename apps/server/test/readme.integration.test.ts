import { readFileSync } from 'node:fs';
import path from 'node:path';

import { runToEnd, tempDir } from '@longhaul/testbed';
import { expect, it } from 'vitest';

const PACKAGE = path.resolve(import.meta.dirname, '..');

it('runs the example of the README', async () => {
  await using folder = await tempDir('lh-');
  const example = /```ts\n([^]*?)```/.exec(readFileSync(path.join(PACKAGE, 'README.md'), 'utf8'))?.[1] ?? '';
  const code = example.replace(/^(?=const stop)/m, `process.chdir(${JSON.stringify(folder.path)});\n`);
  const result = await runToEnd(process.execPath, ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval', code], { cwd: PACKAGE, env: { ...process.env, HOME: folder.path } });
  expect([result.code, result.stdout.toString(), result.stderr.toString()]).toEqual([0, 'listens\nended in order\n', '']);
});
