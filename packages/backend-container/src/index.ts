export type { ContainerRuntime } from '@longhaul/sessions';
