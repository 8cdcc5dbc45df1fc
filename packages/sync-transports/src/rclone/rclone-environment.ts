/**
 * Variables of a user's own that would change what a call does, or leave less of it than was asked for: the remote control, filters, dry runs, logs
 * that hold secrets (`RCLONE_DUMP`). The configuration, its password and options of backends stay.
 */
const CHANGING =
  /^RCLONE_(?:RC|RC_.*|DRY_RUN|INTERACTIVE|FILTER|FILTER_FROM|INCLUDE|INCLUDE_FROM|EXCLUDE|EXCLUDE_FROM|EXCLUDE_IF_PRESENT|FILES_FROM|FILES_FROM_RAW|MIN_AGE|MIN_SIZE|MAX_AGE|MAX_SIZE|MAX_DEPTH|MAX_DELETE|MAX_DURATION|MAX_TRANSFER|CUTOFF_MODE|IGNORE_.*|SIZE_ONLY|CHECKSUM|UPDATE|IMMUTABLE|COMPARE_DEST|COPY_DEST|BACKUP_DIR|SUFFIX.*|COPY_LINKS|LINKS|SKIP_LINKS|METADATA|METADATA_.*|DELETE_.*|NO_CHECK_DEST|NO_TRAVERSE|NO_UPDATE_MODTIME|USE_SERVER_MODTIME|LOG_.*|USE_JSON_LOG|SYSLOG.*|VERBOSE|QUIET|STATS|STATS_.*|PROGRESS.*|RETRIES|RETRIES_SLEEP|DUMP|DUMP_.*|CPUPROFILE|MEMPROFILE|ERROR_ON_NO_TRANSFER|ASK_PASSWORD)$/;

/** Names to leave out of the environment of rclone (design §5.2: `RCLONE_RC_*` scrubbed). */
export function scrubbedVariables(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(environment).filter((name) => CHANGING.test(name));
}
