import { symlink } from 'node:fs/promises';
import type { TempDir } from './temp-dir.ts';
import { findProgram } from './require-service.ts';
import { runProgram } from './run-program.ts';
import { tempDir } from './temp-dir.ts';

/** A folder with busybox's links (`only` these), and with `also` from this machine instead of or beside them: as PATH it is the small NAS that has only busybox. */
export async function busyboxPath({ also = [], only }: { readonly also?: readonly string[]; readonly only?: readonly string[] } = {}): Promise<TempDir> {
  const dir = await tempDir('longhaul-busybox-');
  const busybox = findProgram('busybox') ?? 'busybox';
  const { stdout } = await runProgram(busybox, ['--list']);
  const applets = stdout.trim().split('\n').filter((applet) => only?.includes(applet) !== false && !also.includes(applet));
  await Promise.all(applets.map(async (applet) => symlink(busybox, dir.join(applet))));
  for (const program of also) await symlink(findProgram(program) ?? program, dir.join(program));
  return dir;
}
