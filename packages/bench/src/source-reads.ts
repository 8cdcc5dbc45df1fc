import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd, writeRandomFile } from '@longhaul/testbed';
import type { Figure } from './report.ts';
import { PROGRAM, type Workspace } from './workspace.ts';

const SIZE = 64 * 1024 ** 2;

/** Bytes of the source read for each byte sent, by strace over every process: once for a new source, once for an unchanged one. */
export async function measureSourceReads(bench: Workspace): Promise<readonly Figure[]> {
  const source = join(bench.folder, 'reads');
  mkdirSync(source);
  writeRandomFile(join(source, 'one'), SIZE);
  // The hash cache trusts nothing younger than two seconds.
  await runToEnd('sh', ['-c', 'exec sleep 3']);
  const first = await bytesRead(bench, source, 'first');
  const again = await bytesRead(bench, source, 'again');
  return [
    { title: 'bytes of the source read per byte sent', value: first / SIZE, unit: '×', aim: 2.05, detail: `${String(first)} bytes read of ${String(SIZE)}` },
    { title: 'bytes of an unchanged source read per byte', value: again / SIZE, unit: '×', aim: 0, detail: `${String(again)} bytes read` },
  ];
}

async function bytesRead(bench: Workspace, source: string, run: string): Promise<number> {
  const trace = join(bench.folder, `${run}.trace`);
  const push = [process.execPath, PROGRAM, 'sync', 'push', source, '--to', 'nas', '--wait', '--json'];
  const args = ['-f', '-y', '-qq', '-e', 'trace=read,pread64,readv,preadv,copy_file_range,sendfile', '-o', trace, ...push];
  const result = await runToEnd('strace', args, { cwd: bench.folder, env: bench.env });
  if (result.code !== 0) throw new Error(`the push under strace ended with ${String(result.code)}\n${result.stderr.toString('utf8')}`);
  return sumReads(readFileSync(trace, 'utf8'), source);
}

/** Sums what the calls on files below a folder returned; a call that was interrupted by another thread is resumed on a line of its own. */
function sumReads(trace: string, folder: string): number {
  const pending = new Set<string>();
  let total = 0;
  for (const line of trace.split('\n')) {
    const thread = /^(\d+)/.exec(line)?.[1] ?? '';
    const mine = line.includes(`<${folder}/`);
    const result = Number(/= (\d+)$/.exec(line)?.[1] ?? 0);
    if (line.includes('<unfinished ...>')) {
      if (mine) pending.add(thread);
    } else if (line.includes('resumed>')) {
      if (pending.delete(thread)) total += result;
    } else if (mine) total += result;
  }
  return total;
}
