import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findProgram } from '../src/index.ts';
import { tempFolder } from './temp-folder.ts';

describe('findProgram', () => {
  it('finds the first that may be run on the PATH that it is given, and skips folders and plain files', () => {
    const root = tempFolder();
    const [plain, folder, first, second] = ['plain', 'folder', 'first', 'second'].map((name) => join(root, name)) as [string, string, string, string];
    for (const path of [plain, folder, first, second, join(folder, 'tool')]) mkdirSync(path);
    writeFileSync(join(plain, 'tool'), '', { mode: 0o644 });
    for (const path of [first, second]) writeFileSync(join(path, 'tool'), '', { mode: 0o755 });
    const PATH = [join(root, 'missing'), plain, folder, first, second].join(':');
    expect(findProgram('tool', { PATH })).toBe(join(first, 'tool'));
    expect(findProgram('other', { PATH })).toBeNull();
    expect(findProgram('tool', { PATH: plain })).toBeNull();
  });

  it('takes a name with a slash for a path and makes it absolute', () => {
    const tool = join(tempFolder(), 'tool');
    writeFileSync(tool, '', { mode: 0o755 });
    expect(findProgram(tool, { PATH: '' })).toBe(tool);
    expect(findProgram(`./${relative(process.cwd(), tool)}`, {})).toBe(tool);
    expect(findProgram(`${tool}-missing`)).toBeNull();
    expect(findProgram('')).toBeNull();
  });

  it('searches the standard folders where PATH is not set', () => {
    expect(findProgram('sh', {})).toMatch(/^\/.*\/sh$/);
  });
});
