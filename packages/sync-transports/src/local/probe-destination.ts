import { statfs } from 'node:fs/promises';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { INCOMING, passingPath } from '../protocol/layout.ts';
import { newScrapMark } from '../protocol/scraps.ts';
import type { ProbeReport } from '../transport.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { DestinationFolder } from './destination-folder.ts';
import { destinationError } from './local-failure.ts';
import { sweepScraps } from './sweep-scraps.ts';

/** As much as a small file takes: a full disk or a quota often still lets an empty one be made. */
const TEST_BYTES = 4096;

/** Writes, syncs and deletes a small file: free space in `statfs` says nothing about quotas and read-only mounts. */
export async function probeDestination({ folder, pool }: { readonly folder: DestinationFolder; readonly pool: WorkerPool }, touch: 'nothing' | 'test_write'): Promise<ProbeReport> {
  try {
    await folder.assertThere();
    if (touch === 'test_write') {
      await testWrite(folder);
      await sweepScraps({ folder, pool });
    }
    const { bavail, blocks, bsize } = await statfs(folder.shown);
    return { reachable: true, errorKind: null, evidence: null, hint: null, freeBytes: bavail * bsize, totalBytes: blocks * bsize, hash: 'sha256', tools: [`Node.js ${process.versions.node}`] };
  } catch (error) {
    return failedProbe(destinationError('the test write at the destination', error));
  }
}

async function testWrite(folder: DestinationFolder): Promise<void> {
  const file = passingPath('probe', newScrapMark());
  await folder.makeFolder(INCOMING);
  try {
    await folder.writeFile(file, Buffer.alloc(TEST_BYTES, 1));
  } finally {
    await folder.removeFile(`${file}.new` as typeof file);
    await folder.removeFile(file);
  }
}

function failedProbe(error: Error): ProbeReport {
  const isKnown = error instanceof TransportError;
  return {
    reachable: false,
    errorKind: isKnown ? error.errorKind : TransportErrorKind.UNKNOWN,
    evidence: error.message,
    hint: isKnown ? error.hint : null,
    freeBytes: null,
    totalBytes: null,
    hash: 'sha256',
    tools: [],
  };
}
