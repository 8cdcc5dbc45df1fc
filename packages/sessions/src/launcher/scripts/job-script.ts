/**
 * The process that becomes the job. It writes start.json about itself and executes command.sh, so pid and start time in the record
 * are the job's own.
 */
export const JOB_SCRIPT = `# Longhaul: the process that becomes the job. Started by inner.sh, in the run's directory.
exec 2>&3 3>&-
. ./launch.conf
. "$lh_lib/record.sh"

# Once and for all: whatever happens to script and to the shell around us, a run is executed once.
set -C
{ printf '' > began; } 2>/dev/null || exit 1
set +C

# $*: why this cannot be executed, for people.
lh__refuse() {
  { printf '%s\\n' "$*" > "$lh__run/start-error"; } 2>/dev/null
  exit 127
}

# Called by command.sh when directory, environment and umask are set. $1: the program.
lh__ready() {
  [ "$LONGHAUL_RUN_ID" = "$lh__env" ] || lh__refuse 'the environment file belongs to another run, or cannot be read'
  LONGHAUL_RUN_ID=$lh__id
  [ "$lh__mode" = check ] || return 0
  case $1 in
    */*)
      [ -e "$1" ] || lh__refuse "no such file: $1"
      [ -f "$1" ] && [ -x "$1" ] || lh__refuse "permission denied: $1"
      ;;
    *) command -v "$1" >/dev/null 2>&1 || lh__refuse "command not found: $1" ;;
  esac
  exit 0
}

# The check is done by a copy of this process, before anybody is told that there is a job.
( lh__mode=check; . ./command.sh ) &
lh__check=$!

lh_look "$PPID"
lh_parent_time=$lh_time
lh_look $$
printf '%s\\n' $$ "$lh_time" "$PPID" "$lh_parent_time" 1<>pids
# The time in the meantime: both start a process.
lh_now
printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":"%s","startedAt":"%s","launcherPid":%s,"launcherStartTime":"%s","shellPid":%s,"shellStartTime":"%s"}\\n' \\
  $$ "$lh_time" "$lh_boot" "$lh_date" "\${lh_launcher%% *}" "\${lh_launcher#* }" "$PPID" "$lh_parent_time" 1<>start.slot

# exec came back: the file is there and cannot be executed. By a builtin first: the environment may be too large for any program.
lh__failed() {
  trap - EXIT
  cd "$lh__run" && { printf '' > refused; } 2>/dev/null || mv start.json refused 2>/dev/null
  exit 127
}

wait "$lh__check" || exit 127
# A stop that came before the start wins: it writes stop.json before it looks at start.json, we look the other way round.
if [ -e stop.json ] || [ -e exit.json ]; then exit 1; fi
mv start.slot start.json || exit 1
if [ -e stop.json ] || [ -e exit.json ]; then mv start.json withdrawn; exit 1; fi

# dash and busybox end the shell when exec fails, and run this; bash would end it without a word.
trap lh__failed EXIT
[ -z "\${BASH_VERSION-}" ] || shopt -s execfail
lh__mode=run
. ./command.sh
lh__failed
`;
