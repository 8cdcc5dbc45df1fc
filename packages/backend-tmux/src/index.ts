export type { ServerOwner } from './new-session.ts';
export { TmuxBackend } from './tmux-backend.ts';
export type { TmuxBackendOptions } from './tmux-backend.ts';
export type { TmuxSocket } from './tmux-socket.ts';
