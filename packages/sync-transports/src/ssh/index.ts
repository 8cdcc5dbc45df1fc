export { isKnownHost, scanHostKey, trustHostKey } from './host-key.ts';
export type { HostKey, HostKeyScan } from './host-key.ts';
export { parseSshDestination } from './ssh-destination.ts';
export type { SshDestination } from './ssh-destination.ts';
