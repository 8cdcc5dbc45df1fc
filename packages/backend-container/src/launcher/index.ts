export { CONTAINER_FILES, containerLauncherArgs, writeContainerFiles } from './container-files.ts';
export type { LauncherPlan } from './container-files.ts';
