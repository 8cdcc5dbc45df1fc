import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { INCOMING } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { rawParent } from '../raw-path.ts';
import type { ProofStrength } from '../transport.ts';
import type { RcloneCall, RcloneProgram } from './rclone-program.ts';
import type { RemoteFacts, RemoteKind } from './remote-facts.ts';
import { proofStrength, readRemoteKind } from './remote-facts.ts';
import type { RemoteLayers } from './remote-layers.ts';
import { readRemoteLayers } from './remote-layers.ts';
import { fromRclonePath, rclonePath } from './standard-names.ts';

/** One thing at a remote. rclone shows files and folders only. */
export interface RemoteItem {
  readonly type: 'file' | 'dir';
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** Nanoseconds since 1970; null where it was not asked for or is not kept. */
  readonly mtimeNs: bigint | null;
}

/** What lies below a folder, by path relative to it. */
export type RemoteTree = ReadonlyMap<RawPath, RemoteItem>;

/** How a listing is made. */
export interface ListOptions {
  readonly depth: 'one' | 'all';
  /** `ask` costs a request per file at some remotes. Default `skip`. */
  readonly times?: 'ask' | 'skip';
  /** Patterns of rclone for the files that are wanted; folders without any are not entered. Left out: all. */
  readonly only?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** The destination's root and the few steps that results are made of, each one call of rclone. All paths are relative to the root. */
export class RemoteFolder {
  readonly program: RcloneProgram;
  readonly facts: RemoteFacts;
  #kind: RemoteKind | null = null;
  #layers: RemoteLayers | null = null;

  constructor(program: RcloneProgram, facts: RemoteFacts) {
    this.program = program;
    this.facts = facts;
  }

  /** What the remote is made of. */
  async kind(signal?: AbortSignal): Promise<RemoteKind> {
    this.#kind ??= await readRemoteKind(this.program, this.facts, signal);
    return this.#kind;
  }

  /** How strong a proof of this remote is. @throws TransportError of kind config where the configuration insists on more */
  async strength(signal?: AbortSignal): Promise<ProofStrength> {
    const { verify = 'auto', remote } = this.program.destination;
    // A layer over another remote may answer from what is kept on this machine, and not each of them says that it is one.
    this.#layers ??= await readRemoteLayers(this.program, signal);
    const strength = proofStrength(this.facts, { layers: this.#layers, verify });
    if (strength !== null) return strength;
    const has = this.facts.hashes.length === 0 ? 'no hashes at all' : this.facts.hashes.join(', ');
    throw new TransportError(`${remote} cannot be verified by ${verify === 'hash' ? 'a SHA-256 of its own' : verify}: it has ${has}`, { errorKind: TransportErrorKind.CONFIG, hint: 'Leave `verify` out, or write verify: download (every byte is read back)' });
  }

  /** @throws TransportError of kind config where the root (or the bucket) does not exist: it is never created, lest an unmounted disk is filled */
  async assertThere(signal?: AbortSignal): Promise<void> {
    // A bucket store finds nothing under a name where there is a bucket, and says so where there is none.
    const found = this.facts.folders === 'none' ? await this.list(INCOMING, { depth: 'one', signal }) : await this.#stat('' as RawPath, signal);
    if (found !== null && (found instanceof Map || found === 'dir')) return;
    throw new TransportError(`${this.program.destination.remote} ${found === null ? 'does not exist' : 'is no folder'}`, {
      errorKind: TransportErrorKind.CONFIG,
      hint: `Correct \`remote\`, or create it: rclone mkdir ${JSON.stringify(this.program.destination.remote)}. It is never created by a push, so that an unmounted disk is not filled`,
    });
  }

  /** null where nothing is. */
  async entry(path: RawPath): Promise<'file' | 'dir' | null> {
    const found = await this.#stat(path);
    if (found !== 'dir' || this.facts.folders === 'real') return found;
    // Bucket stores know no folders: any name is one, though most are empty.
    return ((await this.list(path, { depth: 'one' }))?.size ?? 0) > 0 ? 'dir' : null;
  }

  /** Paths relative to `path`; null where there is no such folder (of a bucket store: no such bucket). */
  async list(path: RawPath, { depth, times = 'skip', only = [], signal }: ListOptions): Promise<Map<RawPath, RemoteItem> | null> {
    const items = new Map<RawPath, RemoteItem>();
    const flags = ['--no-mimetype', ...(depth === 'all' ? ['-R'] : []), ...(times === 'ask' ? [] : ['--no-modtime']), ...only.map((pattern) => `--include=${pattern}`)];
    const end = await this.program.find({ doing: 'listing the files', args: ['lsjson', ...flags, this.program.at(path)], onLine: (line) => { addItem(items, line, times); }, signal });
    if (end.kind === 'done') return items;
    if (depth === 'all' && (await this.#stat(path, signal)) === 'dir') throw this.#tornList(path);
    return null;
  }

  /** null where there is no such file. */
  async read(path: RawPath): Promise<Buffer | null> {
    const end = await this.program.find({ doing: 'reading a file', args: ['cat', this.program.at(path)] });
    // Bucket stores show an empty folder where nothing is; no file that is read here is empty.
    return end.kind === 'missing' || end.stdout === '' ? null : Buffer.from(end.stdout);
  }

  /** A short text. */
  async write(path: RawPath, content: string): Promise<void> {
    await this.program.run({ doing: 'writing a file', args: ['rcat', this.program.at(path)], input: content });
  }

  /** Several files in one call, replaced whatever their size and time are; folders that are named and hold nothing where the remote can. */
  async writeAll(root: RawPath, { files, folders = [], signal }: { readonly files: readonly { readonly path: RawPath; readonly content: Uint8Array | string }[]; readonly folders?: readonly RawPath[]; readonly signal?: AbortSignal | undefined }): Promise<void> {
    const from = await mkdtemp(join(tmpdir(), 'longhaul-rclone-'));
    try {
      for (const { path, content } of files) {
        const file = localName(from, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      }
      for (const path of folders) await mkdir(localName(from, path), { recursive: true });
      await this.program.run({ doing: 'writing files', args: ['copy', '--create-empty-src-dirs', '--ignore-times', '--no-traverse', from, this.program.at(root)], signal });
    } finally {
      await rm(from, { recursive: true, force: true });
    }
  }

  /** A folder to a name that is free: rclone would put the one into the other. */
  async move(from: RawPath, to: RawPath): Promise<void> {
    await this.program.run({ doing: 'moving a folder', args: ['moveto', this.program.at(from), this.program.at(to)] });
  }

  /** Whether it was there to be moved. */
  async moveIfThere(from: RawPath, to: RawPath): Promise<boolean> {
    if ((await this.entry(from)) === null) return false;
    await this.move(from, to);
    return true;
  }

  /** A folder with all it holds, or nothing. */
  async removeFolder(path: RawPath, signal?: AbortSignal): Promise<void> {
    await this.#untilGone(path, { doing: 'deleting a folder', args: ['purge', this.program.at(path)], signal });
  }

  /** Only where it is empty; whether it is gone then. Bucket stores have nothing to remove. */
  async removeEmptyFolder(path: RawPath): Promise<boolean> {
    if (this.facts.folders === 'none') return true;
    return this.program.run({ doing: 'deleting an empty folder', args: ['rmdir', this.program.at(path)] }).then(() => true, () => false);
  }

  /** Every folder below `root` that holds no file. */
  async removeEmptyFolders(root: RawPath): Promise<void> {
    await this.program.run({ doing: 'deleting empty folders', args: ['rmdirs', '--leave-root', this.program.at(root)] });
  }

  /** A file, or nothing. */
  async removeFile(path: RawPath): Promise<void> {
    await this.#untilGone(path, { doing: 'deleting a file', args: ['deletefile', this.program.at(path)] });
  }

  /** Several files below `root`, those that are there. */
  async removeFiles(root: RawPath, paths: readonly RawPath[], signal?: AbortSignal): Promise<void> {
    if (paths.length === 0) return;
    await this.program.run({ doing: 'deleting files', args: ['delete', '--files-from-raw=-', this.program.at(root)], input: filesFrom(paths), signal });
  }

  /** What is gone already need not be deleted; each backend says that in its own words. */
  async #untilGone(path: RawPath, call: RcloneCall): Promise<void> {
    try {
      if ((await this.program.find(call)).kind === 'missing') throw this.#tornList(path);
    } catch (error) {
      if ((await this.entry(path)) !== null) throw error;
    }
  }

  /** "No such folder" is said of one further down, too: its name was torn apart by a protocol of lines (FTP), or it went meanwhile. */
  #tornList(path: RawPath): TransportError {
    return new TransportError(`a folder below ${this.program.at(path)} was listed and cannot be entered`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'Somebody works there, or a name there holds a line break, which this remote cannot tell: rename it' });
  }

  async #stat(path: RawPath, signal?: AbortSignal): Promise<'file' | 'dir' | null> {
    const end = await this.program.find({ doing: 'looking at a file', args: ['lsjson', '--stat', '--no-mimetype', '--no-modtime', this.program.at(path)], signal });
    if (end.kind === 'missing') return null;
    const { IsDir } = JSON.parse(end.stdout) as { readonly IsDir?: unknown };
    return IsDir === true ? 'dir' : 'file';
  }
}

/** What `--files-from-raw` reads: a name a line. Newlines within names are written as rclone writes them. */
export function filesFrom(paths: readonly RawPath[]): string {
  return paths.map((path) => `${rclonePath(path)}\n`).join('');
}

/** Every folder above these paths, from the top. */
export function parentsOf(path: RawPath): readonly RawPath[] {
  const parent = rawParent(path);
  return parent === '' ? [] : [...parentsOf(parent), parent];
}

function localName(folder: string, path: RawPath): string {
  return join(folder, Buffer.from(path, 'latin1').toString());
}

function addItem(items: Map<RawPath, RemoteItem>, line: string, times: 'ask' | 'skip'): void {
  const text = line.trim().replace(/,$/, '');
  if (!text.startsWith('{')) return;
  const { Path, Size, ModTime, IsDir } = JSON.parse(text) as { readonly Path: string; readonly Size: number; readonly ModTime?: string; readonly IsDir: boolean };
  items.set(fromRclonePath(Path), { type: IsDir ? 'dir' : 'file', size: IsDir ? 0 : Size, mtimeNs: times === 'ask' && ModTime !== undefined ? timeNs(ModTime) : null });
}

/** RFC 3339 with up to nine digits of a second. */
export function timeNs(text: string): bigint | null {
  const [, seconds = '', fraction = '', zone = ''] = /^(.+?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const ms = Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? null : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
