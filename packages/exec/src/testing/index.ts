export { ScriptedRunner } from './scripted-runner.ts';
export type { ScriptedMatch, ScriptedReply } from './scripted-runner.ts';
export type { ScriptedBehaviour, ScriptedEnd, ScriptedProgram } from './scripted-program.ts';
