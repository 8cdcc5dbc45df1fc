export type * from './run-directory.ts';
export type * from './run-record.ts';
export type * from './session-backend.ts';
export * from './session-name.ts';
export type * from './session-spec.ts';
export type * from './session-state.ts';
export type * from './session-status.ts';
