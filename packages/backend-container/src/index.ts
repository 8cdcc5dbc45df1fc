export { ContainerBackend } from './container-backend.ts';
export type { ContainerBackendOptions } from './container-backend.ts';
export type { ContainerRuntime } from '@longhaul/sessions';
