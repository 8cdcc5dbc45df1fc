import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import path from 'node:path';

import type { Fact } from './doctor-row.ts';
import { known, notKnown } from './doctor-row.ts';
import { errnoOf } from './machine.ts';
import type { StateFolderFact } from './state-folder.ts';
import { fileSystemOf } from './state-folder.ts';

/** Looks at the state directory; makes nothing. */
export function readStateFolder(stateDir: string, platform: NodeJS.Platform): Fact<StateFolderFact> {
  try {
    const own = statSync(stateDir, { throwIfNoEntry: false });
    const nearest = own === undefined ? nearestFolder(stateDir) : stateDir;
    const stat = own ?? statSync(nearest);
    const disk = statfsSync(nearest);
    return known({
      path: stateDir,
      exists: own !== undefined,
      isDirectory: stat.isDirectory(),
      owner: stat.uid,
      mode: stat.mode & 0o7777,
      writable: isWritable(nearest),
      ...(platform === 'linux' ? fileSystemOf(disk.type) : { fileSystem: null, isNetwork: false }),
      freeBytes: disk.bavail * disk.bsize,
      freeFiles: disk.files === 0 ? null : disk.ffree,
    });
  } catch (error) {
    return notKnown(`${stateDir} cannot be looked at (${errnoOf(error) ?? String(error)})`);
  }
}

function nearestFolder(file: string): string {
  const above = path.dirname(file);
  return above === file || statSync(above, { throwIfNoEntry: false }) !== undefined ? above : nearestFolder(above);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
