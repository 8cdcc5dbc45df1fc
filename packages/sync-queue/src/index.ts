export type * from './job.ts';
export * from './job-state.ts';
