import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

const folder = join(import.meta.dirname, '..');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme)![1]!;

it('runs the example of the README, which prints what the README says', () => {
  const args = ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval', block('ts')];
  expect(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })).toBe(block('text'));
});
