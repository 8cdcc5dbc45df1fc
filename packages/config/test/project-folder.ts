import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { onTestFinished } from 'vitest';

/** A folder of its own per test, with a home beside the project. Removed afterwards. */
export interface ProjectFolder {
  readonly root: string;
  readonly project: string;
  readonly home: string;
  write(file: string, text: string): string;
}

export function projectFolder(): ProjectFolder {
  const root = mkdtempSync(path.join(tmpdir(), 'longhaul-config-'));
  onTestFinished(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const write = (file: string, text: string): string => {
    const full = path.join(root, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  };
  const project = path.join(root, 'project');
  const home = path.join(root, 'home');
  mkdirSync(project);
  mkdirSync(home);
  return { root, project, home, write };
}
