import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@longhaul/testbed';
import { expect, it, onTestFinished } from 'vitest';

const folder = join(import.meta.dirname, '..');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

function block(language: string): string {
  return new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme)?.[1] ?? '';
}

it('runs the example of the README, which prints what the README says', async () => {
  const temp = await tempDir();
  onTestFinished(async () => temp[Symbol.asyncDispose]());
  // In the package's own folder, so that the names of packages are found; a file, because its threads inherit Node's flags.
  const example = join(folder, '.tmp', `readme-${process.pid}.ts`);
  onTestFinished(async () => rm(example, { force: true }));
  await mkdir(join(folder, '.tmp'), { recursive: true });
  await writeFile(example, block('ts'));
  const printed = execFileSync(process.execPath, ['--conditions=@longhaul/source', example], { encoding: 'utf8', env: { ...process.env, TMPDIR: temp.path } });
  expect(printed).toBe(block('text'));
});
