import type { RcloneProgram } from './rclone-program.ts';

/** The backends that a remote is made of, itself first and whatever it leads to behind it. */
export interface RemoteLayers {
  /** null: one that no configuration knows. */
  readonly types: readonly (string | null)[];
  /** `per-remote`: a layer gives options of its own on the way, which flags do not override. */
  readonly links: 'as-told' | 'per-remote';
}

type Section = Readonly<Record<string, unknown>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Options that name other remotes. */
const LEADS = ['remote', 'upstreams'] as const;
/** Options by which a symlink is taken for what it leads to. */
const LINK_OPTIONS = /\b(?:copy_links|skip_links)\b/;

/** Asks rclone's configuration what the remote is made of; what is secret in the answer is not kept. @throws TransportError */
export async function readRemoteLayers(program: RcloneProgram, signal?: AbortSignal): Promise<RemoteLayers> {
  const dump = await program.run({ doing: 'asking what the remote is made of', args: ['config', 'dump'], signal });
  return remoteLayers(program.destination.remoteName, { sections: JSON.parse(dump) as Readonly<Record<string, Section>>, environment: process.env });
}

/** Pure. `environment`: remotes can be defined there, too, and that wins. */
export function remoteLayers(name: string, { sections, environment }: { readonly sections: Readonly<Record<string, Section>>; readonly environment: Environment }): RemoteLayers {
  const types: (string | null)[] = [];
  const seen = new Set<string>();
  let links: RemoteLayers['links'] = 'as-told';
  const follow = (remote: string): void => {
    if (seen.has(remote)) return;
    seen.add(remote);
    const option = (key: string): string | undefined => environment[variable(remote, key)] ?? textOf(sections[remote]?.[key]);
    types.push(option('type') ?? null);
    for (const told of LEADS.map(option)) {
      if (told === undefined) continue;
      if (LINK_OPTIONS.test(told)) links = 'per-remote';
      for (const lead of wordsOf(told)) {
        const next = leadOf(lead);
        if (next.kind === 'remote') follow(next.name);
        else types.push(next.type);
      }
    }
  };
  follow(name);
  return { types, links };
}

function variable(remote: string, key: string): string {
  return `RCLONE_CONFIG_${remote.replaceAll(/[-\s.]/g, '_').toUpperCase()}_${key.toUpperCase()}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Separated by spaces; one that holds spaces stands in double quotes. */
function wordsOf(text: string): readonly string[] {
  return (text.match(/"(?:[^"]|"")*"|\S+/g) ?? []).map((word) => (word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word));
}

type Lead = { readonly kind: 'remote'; readonly name: string } | { readonly kind: 'type'; readonly type: string };

/** `remote:path`, `remote,option=value:path`, `:backend:path`, a path of this machine; behind `folder=` in a `combine`. */
function leadOf(word: string): Lead {
  const target = word.replace(/^[^:,/=]*=/, '');
  const backend = /^:([^:,]+)/.exec(target)?.[1];
  if (backend !== undefined) return { kind: 'type', type: backend };
  const name = /^([^:,/]+)[:,]/.exec(target)?.[1];
  return name === undefined ? { kind: 'type', type: 'local' } : { kind: 'remote', name };
}
