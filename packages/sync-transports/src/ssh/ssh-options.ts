import type { SshDestination } from './ssh-destination.ts';

/** Which connection a command uses: one of its own, or the shared one behind a control socket. */
export type SshChannel =
  | { readonly kind: 'own' }
  | { readonly kind: 'shared'; readonly controlPath: string }
  /** Opens the shared connection if there is none, and leaves it open for a while. */
  | { readonly kind: 'opening'; readonly controlPath: string };

export interface SshOptions {
  readonly channel: SshChannel;
  /** In order of preference; undefined: ssh's own list. */
  readonly ciphers?: readonly string[];
}

/** Seconds that an idle shared connection stays open: the next attempt finds it, a killed worker's does not stay for long. */
const CONTROL_PERSIST = 60;

/**
 * ssh's arguments up to, and without, the target. No question can be asked and none is answered by itself: a key that
 * is not known ends the connection (design §5.2). A dead connection is noticed within 45 s.
 */
export function sshArguments(destination: SshDestination, { channel, ciphers }: SshOptions): readonly string[] {
  const { port, sshKey, knownHosts, sshConfig } = destination;
  return [
    ...(sshConfig === undefined ? [] : ['-F', sshConfig]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(sshKey === undefined ? [] : ['-o', `IdentityFile=${quotedFile(sshKey)}`, '-o', 'IdentitiesOnly=yes']),
    ...(knownHosts === undefined ? [] : ['-o', `UserKnownHostsFile=${quotedFile(knownHosts)}`]),
    ...(ciphers === undefined ? [] : ['-o', `Ciphers=${ciphers.join(',')}`]),
    ...FIXED.flatMap((option) => ['-o', option]),
    ...channelOptions(channel).flatMap((option) => ['-o', option]),
    '-T',
  ];
}

const FIXED = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'PreferredAuthentications=publickey',
  'ConnectTimeout=15',
  'ConnectionAttempts=1',
  'ServerAliveInterval=15',
  'ServerAliveCountMax=3',
  // What a user's configuration may add for their own logins would change what arrives here.
  'LogLevel=INFO',
  'RemoteCommand=none',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ClearAllForwardings=yes',
  'PermitLocalCommand=no',
  'EscapeChar=none',
] as const;

function channelOptions(channel: SshChannel): readonly string[] {
  switch (channel.kind) {
    case 'own':
      return ['ControlMaster=no', 'ControlPath=none'];
    case 'shared':
      return ['ControlMaster=no', `ControlPath=${tokenFree(channel.controlPath)}`];
    case 'opening':
      return ['ControlMaster=auto', `ControlPersist=${String(CONTROL_PERSIST)}`, `ControlPath=${tokenFree(channel.controlPath)}`];
  }
}

/** The value is one or more files, separated by blanks, in which `%` begins a token. (`-i` would look for the file before it knows that.) */
function quotedFile(path: string): string {
  return `"${tokenFree(path).replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Where ssh sees a file name, `%` begins a token. (`${…}` would be a variable; nothing escapes that.) */
function tokenFree(path: string): string {
  return path.replaceAll('%', '%%');
}

/** One string for rsync's `-e`: rsync splits it at blanks, single quotes keep a word together, a doubled one stands for itself. */
export function rsyncShellCommand(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`)).join(' ');
}
