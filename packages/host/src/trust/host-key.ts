/** One key of a host, as `ssh-keyscan` prints it. */
export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, … */
  readonly type: string;
  /** base64. */
  readonly key: string;
}

/** The keys in the output of ssh-keyscan; remarks and empty lines are left out. */
export function parseKeyscan(text: string): readonly HostKey[] {
  return text.split('\n').flatMap((line) => {
    const [host = '', type = '', key = ''] = line.trim().split(/\s+/);
    return host === '' || host.startsWith('#') || !/^[A-Za-z0-9+/]+=*$/.test(key) ? [] : [{ type, key }];
  });
}

/** Where ssh looks a host up, from `ssh -G`. */
export interface SshEndpoint {
  readonly hostname: string;
  readonly port: number;
  /** The name under which ssh stores the key: the alias, or the host, with its port where that is not 22. */
  readonly knownAs: string;
  /** The first file of the user's known hosts. */
  readonly knownHosts: string;
  readonly throughProxy: boolean;
}

/** Reads `ssh -G TARGET`: one setting per line, names in small letters. */
export function parseSshSettings(text: string, home: string): SshEndpoint {
  const settings = new Map(
    text
      .split('\n')
      .map((line) => /^(\S+)\s+(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, name = '', value = '']) => [name, value] as const),
  );
  const hostname = settings.get('hostname') ?? '';
  const port = Number(settings.get('port') ?? '22');
  const alias = settings.get('hostkeyalias');
  const knownHosts = (settings.get('userknownhostsfile') ?? '~/.ssh/known_hosts').split(/\s+/)[0] ?? '';
  return {
    hostname,
    port,
    knownAs: alias ?? (port === 22 ? hostname : `[${hostname}]:${String(port)}`),
    knownHosts: knownHosts.startsWith('~/') ? `${home}${knownHosts.slice(1)}` : knownHosts,
    throughProxy: ['proxyjump', 'proxycommand'].some((name) => !['', 'none', undefined].includes(settings.get(name))),
  };
}
