import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { smallFiles, writeRandomFile, writeTree } from '@longhaul/testbed';
import { compare, type Comparison } from './paired.ts';
import { ratioFigure, type Figure } from './report.ts';
import type { Workspace } from './workspace.ts';

const FAST_CIPHER = 'aes128-gcm@openssh.com';

/** Verified push (seal, push, verify, publish) by the program, against `rsync -a` alone to the same place: default cipher, then the same one. */
export async function* measurePushes(bench: Workspace, { pairs }: { readonly pairs: number }): AsyncGenerator<Figure> {
  const big = bigFile(bench);
  const small = smallTree(bench);
  yield ratioFigure(await pushAgainst(bench, { source: big, cipher: null, title: 'verified push, 1 GiB, against rsync -a with its defaults', pairs }), 1.25);
  yield ratioFigure(await pushAgainst(bench, { source: big, cipher: FAST_CIPHER, title: 'verified push, 1 GiB, against rsync -a with the same cipher', pairs }), null);
  yield ratioFigure(await pushAgainst(bench, { source: small, cipher: null, title: 'verified push, 20,000 × 4 KiB, against rsync -a with its defaults', pairs }), 1.75);
  yield ratioFigure(await pushAgainst(bench, { source: small, cipher: FAST_CIPHER, title: 'verified push, 20,000 × 4 KiB, against rsync -a with the same cipher', pairs }), null);
}

interface PushCase {
  readonly source: string;
  readonly cipher: string | null;
  readonly title: string;
  readonly pairs: number;
}

async function pushAgainst(bench: Workspace, { source, cipher, title, pairs }: PushCase): Promise<Comparison> {
  const reset = (): Promise<void> => bench.reset();
  return compare(title, {
    ours: { name: 'longhaul', run: () => bench.longhaul(['sync', 'push', source, '--to', 'nas', '--wait', '--json']), reset },
    theirs: { name: 'rsync', run: () => bench.rsync(source, 'plain', cipher), reset },
    pairs,
  });
}

export function bigFile(bench: Workspace): string {
  const folder = join(bench.folder, 'big');
  mkdirSync(folder);
  writeRandomFile(join(folder, 'one'), 1024 ** 3);
  return folder;
}

export function smallTree(bench: Workspace): string {
  const folder = join(bench.folder, 'small');
  writeTree(folder, smallFiles());
  return folder;
}
