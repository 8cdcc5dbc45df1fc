import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { runToEnd, writeRcloneConfig } from '@longhaul/testbed';
import { compare } from './paired.ts';
import { bigFile, smallTree } from './push.ts';
import { ratioFigure, type Figure } from './report.ts';
import type { Workspace } from './workspace.ts';

/** What else people use to bring a folder over ssh. All but tar compare what arrived, each in its way. */
interface Rival {
  readonly name: string;
  readonly run: (bench: Workspace, source: string) => Promise<void>;
  /** Our time over theirs: at most so much. null: it proves nothing, so there is no aim. */
  readonly aim: { readonly big: number | null; readonly small: number | null };
  /** rclone takes minutes for small files: one pair, and no warm-up by it. */
  readonly pairs: number;
  readonly warmUps: number;
}

const RIVALS: readonly Rival[] = [
  { name: 'tar | ssh, nothing compared', run: tarOverSsh, aim: { big: null, small: null }, pairs: 3, warmUps: 1 },
  { name: 'rsync -a --checksum, sha256sum twice here and once there', run: classicalPipeline, aim: { big: 0.5, small: 0.5 }, pairs: 3, warmUps: 1 },
  { name: 'rclone copy and rclone check over SFTP', run: rcloneCopyAndCheck, aim: { big: null, small: 0.05 }, pairs: 1, warmUps: 0 },
];

/** Verified push by the program, against what people do by hand today. */
export async function* measureRivals(bench: Workspace): AsyncGenerator<Figure> {
  const sources = { big: { path: bigFile(bench), title: '1 GiB' }, small: { path: smallTree(bench), title: '20,000 × 4 KiB' } };
  for (const rival of RIVALS) {
    for (const size of ['big', 'small'] as const) {
      const { path, title } = sources[size];
      const reset = (): Promise<void> => bench.reset();
      const sides = {
        ours: { name: 'longhaul', run: () => bench.longhaul(['sync', 'push', path, '--to', 'nas', '--wait', '--json']), reset },
        theirs: { name: rival.name, run: () => rival.run(bench, path), reset },
      };
      yield ratioFigure(await compare(`verified push, ${title}, against ${rival.name}`, { ...sides, pairs: rival.pairs, warmUps: rival.warmUps }), rival.aim[size]);
    }
  }
}

async function tarOverSsh(bench: Workspace, source: string): Promise<void> {
  const place = join(bench.destination, 'plain');
  await piped(['tar', '-C', source, '-cf', '-', '.'], [...bench.ssh, `mkdir -p ${place} && tar -C ${place} -xf -`]);
}

/** As it stands in many a lab's script: hash, send by checksum, hash there, hash here again for what changed meanwhile, compare. */
async function classicalPipeline(bench: Workspace, source: string): Promise<void> {
  const place = join(bench.destination, 'plain');
  const before = await hashed(['sh', '-c', HASH_ALL, 'sh', source]);
  await must(['rsync', '-a', '--checksum', '-e', bench.ssh.slice(0, -1).join(' '), `${source}/`, `${bench.sshd.target}:${place}/`]);
  const there = await hashed([...bench.ssh, `cd ${place} && find . -type f -print0 | sort -z | xargs -0 sha256sum`]);
  const after = await hashed(['sh', '-c', HASH_ALL, 'sh', source]);
  if (before !== after || after !== there) throw new Error('the hashes differ');
}

const HASH_ALL = 'cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum';

async function rcloneCopyAndCheck(bench: Workspace, source: string): Promise<void> {
  const config = join(bench.folder, 'rclone.conf');
  const { host, user, port, clientKey, knownHosts } = bench.sshd;
  await writeRcloneConfig(config, { nas: { type: 'sftp', host, user, port: String(port), key_file: clientKey, known_hosts_file: knownHosts } });
  const place = `nas:${join(bench.destination, 'plain')}`;
  await must(['rclone', '--config', config, 'copy', source, place]);
  await must(['rclone', '--config', config, 'check', source, place]);
}

async function hashed(argv: readonly string[]): Promise<string> {
  return (await must(argv)).stdout.toString();
}

async function must([program = '', ...args]: readonly string[]): ReturnType<typeof runToEnd> {
  const result = await runToEnd(program, args);
  if (result.code !== 0) throw new Error(`${program} ended with ${String(result.code)}: ${result.stderr.toString()}`);
  return result;
}

async function piped([from = '', ...fromArgs]: readonly string[], [to = '', ...toArgs]: readonly string[]): Promise<void> {
  const writer = spawn(from, fromArgs, { stdio: ['ignore', 'pipe', 'inherit'] });
  const reader = spawn(to, toArgs, { stdio: [writer.stdout, 'ignore', 'inherit'] });
  // The pipe is the other program's: a copy that stays open here would hide the end of it.
  writer.stdout.destroy();
  const ends = await Promise.all([once(writer, 'exit'), once(reader, 'exit')]);
  if (ends.some(([code]) => code !== 0)) throw new Error(`${from} | ${to} ended with ${ends.map(([code]) => String(code)).join(' and ')}`);
}
