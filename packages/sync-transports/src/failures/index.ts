export { classifyRclone, classifyRemoteScript, classifyRsync, classifySsh } from './classify.ts';
export type { RsyncVerdict } from './classify.ts';
export type { Classification, FailedRun, FailureFactName, FailureFacts, FailureRule } from './failure-rule.ts';
export { RCLONE_CODE_FAILURES, RCLONE_TEXT_FAILURES } from './rclone-failures.ts';
export { REMOTE_SCRIPT_FAILURES } from './remote-script-failures.ts';
export { RSYNC_CODE_FAILURES, RSYNC_LINE_FAILURES, RSYNC_SEVERITY, RSYNC_TEXT_FAILURES } from './rsync-failures.ts';
export { SSH_FAILURES } from './ssh-failures.ts';
