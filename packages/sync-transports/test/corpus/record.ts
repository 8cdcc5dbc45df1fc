/**
 * Records what rsync, ssh and the programs of a remote shell really print when something goes wrong, as fixtures for the
 * tests of the failure tables: `node --conditions=@longhaul/source packages/sync-transports/test/corpus/record.ts`.
 * Needs root (mounts, another user), sshd, rsync and busybox. The kinds in the cases are what failures.md asks for.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram, requireService, tempDir } from '@longhaul/testbed';
import type { RecordedCase } from './recorded-case.ts';
import { recordRemoteScripts } from './record-remote.ts';
import { recordRsync } from './record-rsync.ts';
import { recordSsh } from './record-ssh.ts';

if (!requireService('root', 'sshd', 'rsync', 'busybox')) process.exit(1);

const folder = new URL('recorded/', import.meta.url);
await using work = await tempDir('corpus-');
const cases: RecordedCase[] = [];
for (const record of [recordRsync, recordSsh, recordRemoteScripts]) {
  await record(work.path, (recorded) => {
    cases.push(recorded);
    process.stdout.write(`${recorded.id}: ${String(recorded.returncode)} ${recorded.expectedKind ?? 'null'}\n`);
  });
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const recorded of cases) writeFileSync(new URL(`${recorded.id}.json`, folder), `${JSON.stringify(recorded, null, 2)}\n`);
process.stdout.write(`${String(cases.length)} cases, rsync at ${findProgram('rsync') ?? '?'}\n`);
