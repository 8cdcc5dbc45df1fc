import type { RawPath } from '../raw-path.ts';
import type { ProofStrength } from '../transport.ts';
import type { RcloneVerify } from './rclone-destination.ts';
import type { RcloneProgram } from './rclone-program.ts';
import type { RemoteLayers } from './remote-layers.ts';

/** What a remote can do, as rclone tells it (design §5.2, the capability probe). */
export interface RemoteFacts {
  /** Of the remote that is meant in the end: an alias tells what it leads to. */
  readonly name: string;
  /** `another`: a layer over another remote, such as crypt or hasher. */
  readonly wraps: 'another' | 'none';
  /** A bucket store: it has no folders, only names with slashes. */
  readonly folders: 'real' | 'none';
  /** Whether a folder is moved in one step there; without that, results are made in place. */
  readonly publishes: 'by-moving' | 'in-place';
  readonly hashes: readonly string[];
  /** How exact times are kept, in nanoseconds; null: not at all. */
  readonly timePrecisionNs: number | null;
  /** `each`: a time costs a request for each file. */
  readonly timeCost: 'none' | 'each';
  readonly tellsSpace: boolean;
}

/** rclone says a hundred years where a backend keeps no times. */
const NO_TIMES_NS = 1e17;
/** Backends without an `encoding` option take rclone's own form of a name, in which control characters are others. */
const STANDARD_FORM = ['Ctl', 'Del', 'InvalidUtf8'] as const;
/** Whose SHA-256 is computed or kept at the far side (`local`: from the file itself). Any other may be one of an upload that was kept on this machine. */
const OWN_SHA256: readonly string[] = ['local', 'sftp', 'drive', 'onedrive', 'pcloud'];
/** Which hand on the hashes of what they lead to. */
const TRANSPARENT: readonly string[] = ['alias', 'combine', 'union'];
/** Whose contents may come from a cache on this machine. */
const CONTENT_KEPT_HERE: readonly string[] = ['cache'];

/** What a remote is made of: asked only where it matters, at most once. */
export interface RemoteKind {
  /** Of rclone's backends: `s3`, `webdav` …; null where nobody says. */
  readonly type: string | null;
  /** Names of rclone's `encoding` option for this backend. */
  readonly encoding: readonly string[];
}

/** Asks rclone what the remote can do. @throws TransportError */
export async function readRemoteFacts(program: RcloneProgram, signal?: AbortSignal): Promise<RemoteFacts> {
  return parseFacts(await program.run({ doing: 'asking what the remote can do', args: ['backend', 'features', program.at('' as RawPath)], signal }));
}

/** Pure: from what `rclone backend features` prints. */
export function parseFacts(features: string): RemoteFacts {
  const told = JSON.parse(features) as { readonly Name?: unknown; readonly Precision?: unknown; readonly Hashes?: unknown; readonly Features?: Readonly<Record<string, unknown>> };
  const can = (feature: string): boolean => told.Features?.[feature] === true;
  const precision = typeof told.Precision === 'number' ? told.Precision : Number.POSITIVE_INFINITY;
  return {
    name: typeof told.Name === 'string' ? told.Name : '',
    wraps: can('UnWrap') || can('WrapFs') ? 'another' : 'none',
    folders: can('BucketBased') || !can('CanHaveEmptyDirectories') ? 'none' : 'real',
    publishes: can('DirMove') && !can('BucketBased') ? 'by-moving' : 'in-place',
    hashes: Array.isArray(told.Hashes) ? told.Hashes.filter((hash) => typeof hash === 'string') : [],
    timePrecisionNs: precision < NO_TIMES_NS ? precision : null,
    timeCost: can('SlowModTime') ? 'each' : 'none',
    tellsSpace: can('About'),
  };
}

/** Asks rclone's configuration and its list of backends. @throws TransportError */
export async function readRemoteKind(program: RcloneProgram, { name }: RemoteFacts, signal?: AbortSignal): Promise<RemoteKind> {
  const [remotes, providers] = await Promise.all([
    program.run({ doing: 'listing the remotes', args: ['listremotes', '--long'], signal }),
    program.run({ doing: 'asking what names the remote holds', args: ['config', 'providers'], signal }),
  ]);
  return parseKind(name, { remotes, providers });
}

/** Pure. `remotes`, `providers`: what rclone printed. */
export function parseKind(name: string, { remotes, providers }: { readonly remotes: string; readonly providers: string }): RemoteKind {
  const type = typeOf(name, remotes);
  return { type, encoding: encodingOf(type, providers) };
}

/**
 * How strong a proof of this remote can be. null: weaker than what the configuration insists on. One layer that answers from this machine is enough
 * to spoil it, however deep it lies.
 */
export function proofStrength({ hashes }: Pick<RemoteFacts, 'hashes'>, { layers, verify }: { readonly layers: RemoteLayers; readonly verify: RcloneVerify }): ProofStrength | null {
  const types = layers.types.filter((type) => type === null || !TRANSPARENT.includes(type));
  // Where symlinks may be followed, one that leads back to the source proves itself.
  const canDownload = layers.links === 'as-told' && !types.some((type) => type !== null && CONTENT_KEPT_HERE.includes(type));
  const hasOwnHash = canDownload && hashes.includes('sha256') && types.length > 0 && types.every((type) => type !== null && OWN_SHA256.includes(type));
  switch (verify) {
    case 'auto':
      return hasOwnHash ? 'sha256' : canDownload ? 'download' : 'size';
    case 'hash':
      return hasOwnHash ? 'sha256' : null;
    case 'download':
      return canDownload ? 'download' : null;
    case 'size':
      return 'size';
  }
}

/** An alias is told by the name of what it leads to; a plain path by `local`. */
function typeOf(name: string, remotes: string): string | null {
  const plain = name.replace(/\{.*\}$/, '');
  const found = remotes.split('\n').map((line) => /^(.+):\s+(\S+)\s*$/.exec(line)).find((match) => match?.[1] === plain);
  return found?.[2] ?? (plain.replace(/^:/, '') === 'local' ? 'local' : null);
}

function encodingOf(type: string | null, providers: string): readonly string[] {
  const list = JSON.parse(providers) as readonly { readonly Name?: unknown; readonly Prefix?: unknown; readonly Options?: readonly { readonly Name?: unknown; readonly DefaultStr?: unknown }[] | null }[];
  const provider = list.find(({ Prefix, Name }) => (Prefix ?? Name) === type);
  const option = provider?.Options?.find(({ Name }) => Name === 'encoding');
  if (typeof option?.DefaultStr !== 'string') return STANDARD_FORM;
  return option.DefaultStr.split(',').map((flag) => flag.trim()).filter((flag) => flag !== '');
}
