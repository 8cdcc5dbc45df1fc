export { describeSessionBackend } from './describe-session-backend.ts';
export type { SessionBackendFeatures, SessionBackendSubject, SessionBackendSuite } from './session-backend-subject.ts';
