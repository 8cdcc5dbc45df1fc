import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { requireService } from '@longhaul/testbed';
import { expect, test } from 'vitest';

import { temporaryFolder } from './support/temporary-store.ts';

const folder = join(import.meta.dirname, '..');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme)![1]!;

test.runIf(requireService('script'))('the example of the README runs, and prints what the README says', () => {
  // Its state directory goes where the test can remove it.
  const example = block('ts').replace('/tmp/longhaul-example-', join(temporaryFolder(), 'example-'));
  const args = ['--conditions=@longhaul/source', '--input-type=module-typescript', '--eval', example];
  const printed = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  expect(printed.replaceAll('\r\n', '\n')).toBe(block('text'));
});
