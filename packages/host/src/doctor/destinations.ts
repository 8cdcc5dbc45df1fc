import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Config, LocalDestination } from '@longhaul/config';

import type { DoctorRow } from './doctor-row.ts';
import { fine, problem, warning } from './doctor-row.ts';
import { errnoOf } from './machine.ts';

/** A mounted disk as it is found: `missing`, `not-mounted`, `no-folder`, `read-only`, or fine. */
export interface DiskFact {
  readonly name: string;
  readonly path: string;
  readonly state: 'ok' | 'missing' | 'not-mounted' | 'no-folder' | 'read-only' | 'unreadable';
  readonly evidence: string;
}

/** Looks at the folders of `type: local`. Those on other machines are asked by `longhaul sync destinations probe NAME`. */
export function readDisks({ destinations }: Pick<Config, 'destinations'>): readonly DiskFact[] {
  const disks = [...destinations].filter((entry): entry is [string, LocalDestination] => entry[1].type === 'local');
  return disks.map(([name, settings]) => ({ name, path: settings.path, ...lookAt(settings) }));
}

function lookAt({ path, mountPoint }: Pick<LocalDestination, 'path' | 'mountPoint'>): Pick<DiskFact, 'state' | 'evidence'> {
  try {
    if (mountPoint !== undefined && statSync(mountPoint).dev === statSync(dirname(mountPoint)).dev) return { state: 'not-mounted', evidence: mountPoint };
    if (!statSync(path).isDirectory()) return { state: 'no-folder', evidence: '' };
    accessSync(path, constants.W_OK | constants.X_OK);
    return { state: 'ok', evidence: '' };
  } catch (error) {
    const code = errnoOf(error) ?? String(error);
    if (code === 'ENOENT') return { state: 'missing', evidence: code };
    return { state: code === 'EACCES' || code === 'EROFS' || code === 'EPERM' ? 'read-only' : 'unreadable', evidence: code };
  }
}

export function diskRow({ name, path, state, evidence }: DiskFact): DoctorRow {
  const check = `destination ${name}`;
  switch (state) {
    case 'ok':
      return fine(check, path);
    case 'missing':
      // Nobody makes it by itself: where a disk should be mounted, it would fill the one below.
      return warning(check, `${path} is not there: is its disk mounted?`, `mount ${path}, or mkdir -p ${path}`);
    case 'not-mounted':
      return problem(check, `nothing is mounted at ${evidence}: what is sent there waits`, `mount ${evidence}`);
    case 'no-folder':
      return problem(check, `${path} is no folder`, 'name a folder in longhaul.yaml');
    case 'read-only':
      return problem(check, `${path} cannot be written (${evidence})`, `ls -ld ${path}`);
    case 'unreadable':
      return problem(check, `${path} cannot be reached (${evidence})`, `ls -ld ${path}`);
  }
}
