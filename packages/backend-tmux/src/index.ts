export type { ServerOwner } from './new-session.ts';
export { TmuxBackend } from './tmux-backend.ts';
export type { TmuxBackendOptions } from './tmux-backend.ts';
export { findSockets, probeSocket, socketLabel, socketPath } from './tmux-socket.ts';
export type { SocketState, TmuxSocket } from './tmux-socket.ts';
