export { socketPath } from './http/listen.ts';
export type { Problem } from './http/problem.ts';
export { serve } from './serve.ts';
export type { ServeOptions } from './serve.ts';
export { ServerRunsError } from './server-runs-error.ts';
