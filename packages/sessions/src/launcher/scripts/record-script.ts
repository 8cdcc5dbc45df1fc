/**
 * Read by the other scripts: what process is this, what time is it, is it on the disk. POSIX sh; no program is started where /proc is there.
 */
export const RECORD_SCRIPT = `# Longhaul: facts for the records. Functions only.

# lh_time: when process $1 was started, in the form of start.json; empty where there is no such process, or only a zombie.
lh_look() {
  lh_time=
  if [ "$lh_table" = proc ]; then
    lh_stat=
    # A process may have a newline in its name.
    { while IFS= read -r lh_line; do lh_stat="$lh_stat $lh_line"; done < "/proc/$1/stat"; } 2>/dev/null
    # Behind the last parenthesis: state is the first field, the time of the start the twentieth.
    set -- \${lh_stat##*") "}
    case \${1-Z} in Z | X) return 0 ;; esac
    shift 19
    lh_time=$1
  else
    lh_line=$(LC_ALL=C TZ=UTC ps -o state= -p "$1" 2>/dev/null)
    case $lh_line in '' | Z*) return 0 ;; esac
    lh_line=$(LC_ALL=C TZ=UTC ps -o lstart= -p "$1" 2>/dev/null)
    lh_line=\${lh_line#"\${lh_line%%[! ]*}"}
    lh_time=\${lh_line%"\${lh_line##*[! ]}"}
  fi
}

# Whether process $1 that was started at $2 still runs.
lh_lives() {
  [ -n "$1" ] && [ -n "$2" ] || return 1
  lh_look "$1"
  [ "$lh_time" = "$2" ]
}

# Who the job and its parent are, a line for each fact: on macOS a time has spaces in it. Blank until there is a job.
lh_pids() {
  lh_job= lh_job_time= lh_parent= lh_parent_time=
  { read -r lh_job; read -r lh_job_time; read -r lh_parent; read -r lh_parent_time; } 2>/dev/null < pids
}

# Whether this process is the one that may start the job: an inner shell, or the second attempt of finish.sh. Never both.
lh_take_turn() {
  set -C
  { printf '' > turn; } 2>/dev/null
  lh_taken=$?
  set +C
  return "$lh_taken"
}

# lh_date: now, ISO 8601, UTC, with milliseconds where date has them.
lh_now() {
  lh_date=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ 2>/dev/null)
  case $lh_date in '' | *[!0-9TZ:.-]*) lh_date=$(date -u +%Y-%m-%dT%H:%M:%SZ 2>/dev/null) ;; esac
}

# Brings $1 to the disk. Not every dd can; the record is there all the same.
lh_sync() {
  dd if=/dev/null of="$1" conv=notrunc,fsync 2>/dev/null || :
}

# Starts what holds the log to its limit. A session of its own: what is sent to the pane's group, or to the launcher's, is not meant for it.
lh_hold_log() {
  set -- "$lh_shell" "$lh_lib/limit.sh" "$PWD" "\${lh_launcher%% *}" "\${lh_launcher#* }"
  if command -v setsid >/dev/null 2>&1; then set -- setsid "$@"; fi
  env -i PATH="$PATH" "$@" </dev/null >/dev/null 2>&1 8<&- 9>&- &
}

# lh_by: the stoppedBy of the record.
lh_who_stopped() {
  lh_by=
  { IFS= read -r lh_by < stop.by; } 2>/dev/null
  case $lh_by in '{'*'}') ;; *) lh_by=null ;; esac
}
`;
