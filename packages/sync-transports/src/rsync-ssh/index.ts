export type { RsyncSshDestination } from './destination-options.ts';
export { RsyncSshTransport } from './rsync-ssh-transport.ts';
export type { RsyncSshTransportOptions } from './rsync-ssh-transport.ts';
