import type { DestinationSettings } from '@longhaul/config';

/** What is to be brought back, and where to. */
export interface FetchWish {
  readonly finalName: string;
  readonly folder: string;
  /** The one file that is wanted; null: all of the result. */
  readonly only: string | null;
}

/** The command that copies a result back from a destination, for a person to read and type. Our own metadata stays there where that is easy. */
export function fetchCommand(settings: DestinationSettings, { finalName, folder, only }: FetchWish): string {
  const what = only === null ? `${finalName}/` : `${finalName}/${only}`;
  switch (settings.type) {
    case 'local':
      return words('cp', '-a', '--', only === null ? `${settings.path}/${what}.` : `${settings.path}/${what}`, `${folder}/`);
    case 'rsync_ssh':
      return words('rsync', '-aHSs', '--checksum', '--exclude=/.longhaul', ...remoteShell(settings), `${settings.target}:${settings.path}/${what}`, `${folder}/`);
    case 'rclone':
      // Symlinks lie there as rclone writes them.
      return words('rclone', ...(settings.configFile === null ? [] : [`--config=${settings.configFile}`]), 'copy', '--links', '--exclude', '/.longhaul/**', below(settings.remote, only === null ? finalName : what), folder);
  }
}

function remoteShell({ port, sshKey, knownHosts, sshConfig }: Extract<DestinationSettings, { type: 'rsync_ssh' }>): readonly string[] {
  const options = [
    ...(port === null ? [] : ['-p', String(port)]),
    ...(sshKey === null ? [] : ['-i', sshKey]),
    ...(knownHosts === null ? [] : ['-o', `UserKnownHostsFile=${knownHosts}`]),
    ...(sshConfig === null ? [] : ['-F', sshConfig]),
  ];
  return options.length === 0 ? [] : ['-e', words('ssh', ...options)];
}

function words(...parts: readonly string[]): string {
  return parts.map((part) => (/^[\w@%+=:,./~-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** Behind the colon alone no slash: for some remotes that would be another place. */
function below(remote: string, path: string): string {
  return /[:/]$/.test(remote) ? `${remote}${path}` : `${remote}/${path}`;
}
