export { isShellName, RUN_TAG } from './env-file.ts';
export { LAUNCH_FILES } from './launch-file-names.ts';
export { besideArgv, launcherArgv, resumeArgv, writeLaunchFiles, writeRestartFiles } from './launch-files.ts';
export type { LaunchOptions } from './launch-files.ts';
export type { ScriptForm } from './launch-config.ts';
export { installLauncherScripts } from './launcher-scripts.ts';
export { environmentFile } from './read-launch-files.ts';
export { installScripts, writeWholeFile } from './script-folder.ts';
export { quoteArgv, quoteForShell } from './shell-quote.ts';
