/**
 * Records what rsync, ssh and the programs of a remote shell really print when something goes wrong, as fixtures for the
 * tests of the failure tables: `node --conditions=@longhaul/source packages/sync-transports/test/corpus/record.ts`, with the
 * names of tools (`rclone`) behind it for those alone. Needs root (mounts, another user), sshd, rsync, rclone and busybox. The kinds in the cases are what failures.md asks for.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram, requireService, tempDir } from '@longhaul/testbed';
import type { RecordedCase } from './recorded-case.ts';
import { recordRclone } from './record-rclone.ts';
import { recordRemoteScripts } from './record-remote.ts';
import { recordRsync } from './record-rsync.ts';
import { recordSsh } from './record-ssh.ts';

if (!requireService('root', 'sshd', 'rsync', 'rclone', 'ftp', 'busybox')) process.exit(1);

const folder = new URL('recorded/', import.meta.url);
await using work = await tempDir('corpus-');
const cases: RecordedCase[] = [];
const recorders: Readonly<Record<RecordedCase['tool'], typeof recordRsync>> = { rsync: recordRsync, ssh: recordSsh, 'remote-script': recordRemoteScripts, rclone: recordRclone };
const tools = Object.keys(recorders).filter((tool) => process.argv.length < 3 || process.argv.includes(tool)) as readonly RecordedCase['tool'][];
for (const record of tools.map((tool) => recorders[tool])) {
  await record(work.path, (recorded) => {
    cases.push(recorded);
    process.stdout.write(`${recorded.id}: ${String(recorded.returncode)} ${recorded.expectedKind ?? 'null'}\n`);
  });
}
mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) {
  const { tool } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as RecordedCase;
  if (tools.includes(tool)) rmSync(new URL(file, folder));
}
for (const recorded of cases) writeFileSync(new URL(`${recorded.id}.json`, folder), `${JSON.stringify(recorded, null, 2)}\n`);
process.stdout.write(`${String(cases.length)} cases, rsync at ${findProgram('rsync') ?? '?'}\n`);
