export { endProcesses, systemClock } from './end-processes.ts';
export type { Ended, EndPlan, EndPorts } from './end-processes.ts';
export { systemProcesses } from './process-view.ts';
export type { ProcessView } from './process-view.ts';
export { DEFAULT_STOP_TIMEOUT_MS, defaultRequester, stopRun } from './stop-run.ts';
export type { StopOutcome, StopPorts } from './stop-run.ts';
export { DEFAULT_STOP_SIGNAL, parseStopSignal } from './stop-signal.ts';
export type { StopSignal } from './stop-signal.ts';
export type { StopTarget } from './stop-target.ts';
