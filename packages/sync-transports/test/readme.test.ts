import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd, tempDir, writeTree } from '@longhaul/testbed';
import { expect, it, vi } from 'vitest';

// Files and threads on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const README = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

it('shows an example that runs', async () => {
  await using dir = await tempDir();
  const example = /```ts\n(.*?)```/s.exec(README)?.[1] ?? '';
  // Beside this package, so that its name is found; the paths of the example become folders of the test.
  const script = example.replace('/var/lib/lab/longhaul', dir.join('state')).replace('/mnt/nas/lab', dir.join('nas')).replace("resolve('runs/today')", `resolve('${dir.join('today')}')`);
  expect(script).not.toBe(example);
  mkdirSync(dir.join('nas'));
  writeTree(dir.join('today'), [{ path: 'a', file: 'alpha' }, { path: 'odd\nname', file: 'beta' }]);
  const ran = await runToEnd(process.execPath, ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval', script], { cwd: join(import.meta.dirname, '..') });
  expect(ran.stderr.toString()).toBe('');
  expect(ran.stdout.toString().trim().split('\n').at(-1)).toBe('published');
  const sums = await runToEnd('sha256sum', ['-c', '.longhaul/checksums.sha256'], { cwd: dir.join('nas/today') });
  expect(sums.code).toBe(0);
});
