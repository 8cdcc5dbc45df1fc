export { parseRcloneDestination } from './rclone-destination.ts';
export type { ParsedDestination, RcloneDestination, RcloneVerify } from './rclone-destination.ts';
export { RcloneTransport } from './rclone-transport.ts';
export type { RcloneTransportOptions } from './rclone-transport.ts';
