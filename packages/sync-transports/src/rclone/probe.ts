import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { passingPath } from '../protocol/layout.ts';
import { newScrapMark } from '../protocol/scraps.ts';
import type { RawPath } from '../raw-path.ts';
import type { ProbeOptions, ProbeReport } from '../transport.ts';
import type { RcloneProgram } from './rclone-program.ts';
import type { RemoteFacts } from './remote-facts.ts';
import { readRemoteFacts } from './remote-facts.ts';
import { RemoteFolder } from './remote-folder.ts';
import { sweepScraps } from './sweep-scraps.ts';

/** As much as a small file takes: a full disk or a quota often still lets an empty one be made. */
const TEST_TEXT = 'longhaul\n'.repeat(456);
/** With these nobody has got as far as the remote. */
const OUT_OF_REACH: readonly (TransportErrorKind | null)[] = [TransportErrorKind.NETWORK, TransportErrorKind.AUTH, TransportErrorKind.HOST_KEY, TransportErrorKind.INTERRUPTED, null];
const NOT_REACHED: ProbeReport = { reachable: false, errorKind: null, evidence: null, hint: null, freeBytes: null, totalBytes: null, hash: 'size', tools: [] };

/** Asks what the remote can do, writes and deletes a small file. Never throws for a destination that does not answer. */
export async function probe(program: RcloneProgram, { touch = 'test_write', signal }: ProbeOptions = {}): Promise<ProbeReport> {
  try {
    const [facts, version] = await Promise.all([readRemoteFacts(program, signal), program.run({ doing: 'asking for the version', args: ['version'], signal })]);
    const folder = new RemoteFolder(program, facts);
    const [{ type }, strength] = await Promise.all([folder.kind(signal), folder.strength(signal), folder.assertThere(signal)]);
    if (touch === 'test_write') await testWrite(folder);
    const space = facts.tellsSpace ? await freeBytes(program, signal) : { freeBytes: null, totalBytes: null };
    return { reachable: true, errorKind: null, evidence: null, hint: adviceFor(type), ...space, hash: strength, tools: [version.split('\n')[0]?.trim() ?? 'rclone', `backend ${type ?? 'unknown'}`, ...limits(facts)] };
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { ...NOT_REACHED, reachable: !OUT_OF_REACH.includes(error.errorKind), errorKind: error.errorKind ?? TransportErrorKind.CONFIG, evidence: error.message, hint: error.hint };
  }
}

async function testWrite(folder: RemoteFolder): Promise<void> {
  const file = passingPath('probe', newScrapMark());
  try {
    await folder.write(file, TEST_TEXT);
    await sweepScraps(folder, file);
  } finally {
    await folder.removeFile(file);
  }
}

/** What a user may still write, as the remote tells it. */
export async function freeBytes(program: RcloneProgram, signal?: AbortSignal): Promise<Pick<ProbeReport, 'freeBytes' | 'totalBytes'>> {
  const { free, total } = JSON.parse(await program.run({ doing: 'asking for free space', args: ['about', '--json', program.at('' as RawPath)], signal })) as { readonly free?: unknown; readonly total?: unknown };
  return { freeBytes: typeof free === 'number' ? free : null, totalBytes: typeof total === 'number' ? total : null };
}

function adviceFor(type: string | null): string | null {
  if (type === 'sftp') return 'rclone over SFTP reads every byte back to prove it, and keeps neither modes nor hard links: type: rsync_ssh is many times faster for a machine that is reached by ssh';
  return type === 'local' ? 'A folder of this machine needs no rclone: type: local keeps symlinks, modes and hard links too' : null;
}

function limits({ hashes, publishes, folders, timePrecisionNs }: RemoteFacts): readonly string[] {
  return [
    `hashes: ${hashes.length === 0 ? 'none' : hashes.join(', ')}`,
    ...(publishes === 'in-place' ? ['moves no folders: results are made in place, the receipt comes last'] : []),
    ...(folders === 'none' ? ['holds no empty folders'] : []),
    ...(timePrecisionNs === null ? ['keeps no times'] : []),
  ];
}
