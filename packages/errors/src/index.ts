export { ConfigError } from './config-error.ts';
export type { ConfigErrorOptions } from './config-error.ts';
export { count } from './count.ts';
export { ErrorCode } from './error-code.ts';
export { currentPlatform, detectPlatform, installHint } from './install-hint.ts';
export type { InstallPlatform } from './install-hint.ts';
export { isLonghaulError, LonghaulError } from './longhaul-error.ts';
export type { LonghaulErrorInit, LonghaulErrorOptions, SerializedError } from './longhaul-error.ts';
export { BackendNotFoundError, BackendUnavailableError, ContainerRuntimeNotFoundError, OpsError, SessionConfigError, TmuxNotFoundError } from './ops-error.ts';
export type { BackendNotFoundOptions } from './ops-error.ts';
export { IllegalTransitionError, JobConflictError, JobNotFoundError, LeaseLostError, QueueError, QueueStoreError } from './queue-error.ts';
export type { JobConflict, JobConflictErrorOptions, QueueStoreErrorOptions, QueueStoreProblem } from './queue-error.ts';
export { redactArgv } from './redact-argv.ts';
export { redact, REDACTED } from './redact.ts';
export {
  SessionAmbiguousError,
  SessionAttachError,
  SessionError,
  SessionExistsError,
  SessionNotFoundError,
  SessionStartError,
  SessionStopError,
} from './session-error.ts';
export { snapshot } from './snapshot.ts';
export type { JsonValue } from './snapshot.ts';
export { SourceChangedError, SourceError, SourceNameError, SourceNotDirectoryError, SourceNotFoundError, SourceUnreadableError } from './source-error.ts';
export type { SourceNameErrorOptions, SourceNameProblem } from './source-error.ts';
export { SyncError, TransportError } from './sync-error.ts';
export type { TransportErrorOptions } from './sync-error.ts';
export { TransportErrorKind } from './transport-error-kind.ts';
