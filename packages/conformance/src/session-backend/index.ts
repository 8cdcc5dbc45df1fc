export { describeSessionBackend } from './describe-session-backend.ts';
export type { SessionBackendSubject, SessionBackendSuite } from './session-backend-subject.ts';
