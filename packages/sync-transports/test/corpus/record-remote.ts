import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { ProgramResult } from '@longhaul/testbed';
import { busyboxPath, readOnlyMount, runToEnd, smallDisk } from '@longhaul/testbed';
import type { CaseToRecord, Recorder } from './recorded-case.ts';
import { recordAll } from './recorded-case.ts';

/** The commands that remote scripts use, run against each fault, with each set of tools. */
function casesOf(tools: string, path: string): readonly CaseToRecord[] {
  const sh = async (script: string, ...args: readonly string[]): Promise<ProgramResult> => runToEnd(`${path}/sh`, ['-c', script, 'sh', ...args], { env: { LC_ALL: 'C', PATH: path }, input: Buffer.alloc(3 << 20) });
  const asNobody = async (script: string, ...args: readonly string[]): Promise<ProgramResult> => runToEnd('/usr/bin/setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', `${path}/sh`, '-c', script, 'sh', ...args], { env: { LC_ALL: 'C', PATH: path } });
  return [
    { id: `remote-${tools}-missing-root`, expectedKind: 'config', run: async (dir) => sh('ls -d -- "$1/." >/dev/null', `${dir}/none`) },
    { id: `remote-${tools}-mkdir-denied`, expectedKind: 'permission', run: async (dir) => asNobody('mkdir -p "$1/.longhaul-incoming/x"', dir) },
    { id: `remote-${tools}-root-denied`, expectedKind: 'permission', run: async (dir) => { mkdirSync(`${dir}/locked`); chmodSync(`${dir}/locked`, 0o700); return asNobody('ls -d -- "$1/." >/dev/null', `${dir}/locked/root`); } },
    { id: `remote-${tools}-mkdir-read-only`, expectedKind: 'config', run: async (dir) => { await using frozen = await readOnlyMount(dir); return await sh('mkdir "$1/x"', frozen.path); } },
    { id: `remote-${tools}-rename-read-only`, expectedKind: 'config', run: async (dir) => { writeFileSync(`${dir}/x`, ''); await using frozen = await readOnlyMount(dir); return await sh('mv "$1/x" "$1/y"', frozen.path); } },
    { id: `remote-${tools}-write-full`, expectedKind: 'no_space', run: async () => { await using disk = await smallDisk({ bytes: 1 << 20 }); return await sh('cat > "$1/meta"', disk.path); } },
    { id: `remote-${tools}-long-name`, expectedKind: 'config', run: async (dir) => sh('mkdir "$1"', `${dir}/${'n'.repeat(300)}`) },
    { id: `remote-${tools}-killed`, expectedKind: 'interrupted', run: async () => sh('kill -TERM $$') },
  ];
}

export async function recordRemoteScripts(work: string, record: Recorder): Promise<void> {
  await using busybox = await busyboxPath();
  await recordAll('remote-script', { work, cases: [...casesOf('gnu', '/bin'), ...casesOf('busybox', busybox.path)].filter(({ id }) => !id.endsWith('-killed')), record });
}
