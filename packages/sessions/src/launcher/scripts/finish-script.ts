/**
 * What the launcher becomes once script(1) is gone: it publishes exit.json, in every case, marks the end and starts the hook.
 */
export const FINISH_SCRIPT = `# Longhaul launcher, second part: the same process, in the run's directory. $1: its pid and start time.
trap '' HUP INT QUIT TERM USR1 USR2 ALRM ABRT
umask 077
. ./launch.conf
. "$lh_lib/record.sh"
lh_launcher=$1

# All of it was done by a launcher that was killed after that: what follows is all that is left.
if [ -e exit.json ]; then
  [ "$lh_restart" = no ] || . "$lh_lib/again.sh"
  exit 0
fi

lh_nap() {
  sleep 0.1 2>/dev/null || sleep 1
}

# The terminal was gone before script could begin: the job gets one from script, and nobody to look at it.
lh_without_terminal() {
  # The first script may still be on its way: what it writes must not come into this log.
  for lh_file in output.log timing; do
    [ ! -e "$lh_file" ] || mv "$lh_file" "$lh_file.first"
  done
  set -- env -i PATH="$PATH" TERM="\${TERM:-dumb}" SHELL="$lh_shell" lh_launcher="$lh_launcher" lh_turn=second script
  lh_inner='. ./launch.conf; . "$lh_lib/inner.sh"'
  case $lh_form in
    util-linux) "$@" -qef -O output.log -T timing -c "$lh_inner" </dev/null >/dev/null 2>script.err ;;
    *) "$@" -q -t 0 output.log "$lh_shell" -c "$lh_inner" </dev/null >/dev/null 2>script.err ;;
  esac
}

lh_said_by_script() {
  lh_said=
  { read -r lh_said < script.err; } 2>/dev/null
  [ -n "$lh_said" ]
}

# A backend whose jobs have no terminal from script has started it, or said why not.
if [ "$lh_form" != none ] && [ ! -e stop.json ] && [ ! -e began ]; then
  if ! command -v script >/dev/null 2>&1; then
    { printf 'script: the program is not there; it gives the job its terminal and writes its log\\n' > start-error; } 2>/dev/null
  elif lh_take_turn; then
    lh_without_terminal
    if [ ! -e began ] && lh_said_by_script; then { printf 'script: %s\\n' "$lh_said" > start-error; } 2>/dev/null; fi
  else
    # The first inner shell has the turn: it needs a moment to begin.
    lh_count=0
    while [ ! -e began ] && [ "$lh_count" -lt 100 ]; do lh_nap; lh_count=$((lh_count + 1)); done
  fi
fi

# lh_writer, lh_writer_time: the script that is the parent of the job's parent; empty where it is gone already, or cannot be seen.
lh_find_writer() {
  lh_writer= lh_writer_time=
  [ "$lh_table" = proc ] && lh_lives "$lh_parent" "$lh_parent_time" || return 0
  set -- \${lh_stat##*") "}
  lh_line=
  { IFS= read -r lh_line < "/proc/$2/comm"; } 2>/dev/null
  case $lh_line in script*) ;; *) return 0 ;; esac
  lh_look "$2"
  lh_writer=$2 lh_writer_time=$lh_time
}

# script ends behind the job's parent, whose last act is job.json. One that is gone before was killed: what the job prints from now on is in no
# log, and readers must know (gaps: see README.md of the folder of the logs). A stop by force ends both, in any order.
lh_watch_writer() {
  [ "$lh_table" = proc ] && [ "$lh_form" != none ] && [ ! -e gaps ] && [ ! -e stop.json ] || return 0
  lh_lives "$lh_writer" "$lh_writer_time" || [ -e job.json ] || lh_note_gap
}

lh_note_gap() {
  lh_now
  { printf '{"schemaVersion":1,"at":null,"from":"%s","to":null,"why":"log-writer-killed"}\\n' "$lh_date" > gaps; } 2>/dev/null
}

# The terminal is gone, or script, and the job is not: it ignores HUP. Its parent knows how it ends.
lh_wait() {
  while lh_lives "$1" "$2" && [ ! -e job.json ]; do
    lh_watch_writer
    lh_nap
  done
}
if [ -e began ]; then
  lh_pids
  lh_find_writer
  lh_wait "$lh_parent" "$lh_parent_time"
  # The parent is gone without a word: nobody knows the code, but the end can still be seen.
  [ -e job.json ] || lh_wait "$lh_job" "$lh_job_time"
fi

if [ -e job.json ]; then
  ln job.json exit.json 2>/dev/null || [ -e exit.json ] || mv job.json exit.json
else
  lh_now
  lh_by=null
  lh_reason=start-failed
  if [ -e start.json ] && [ ! -e refused ]; then lh_reason=lost; fi
  if [ -e stop.json ]; then
    lh_who_stopped
    lh_reason=stopped
  fi
  printf '{"schemaVersion":1,"exitCode":null,"signal":null,"oomKilled":null,"endedAt":"%s","reason":"%s","stoppedBy":%s}\\n' "$lh_date" "$lh_reason" "$lh_by" 1<>exit.slot
  lh_sync exit.slot
  [ -e exit.json ] || mv exit.slot exit.json
fi

{ printf '' > "$lh_state/ended/$lh__id"; } 2>/dev/null || ln exit.json "$lh_state/ended/$lh__id" 2>/dev/null

if [ "$lh_hook" = yes ]; then
  lh_out=/dev/null
  if { printf '' >> on-exit.log; } 2>/dev/null; then lh_out=on-exit.log; fi
  # A session of its own, so that it outlives the pane.
  if command -v setsid >/dev/null 2>&1; then
    setsid "$lh_shell" ./on-exit.sh "$lh__id" </dev/null >>"$lh_out" 2>&1 &
  else
    "$lh_shell" ./on-exit.sh "$lh__id" </dev/null >>"$lh_out" 2>&1 &
  fi
fi

# What follows goes on in this process, which then becomes the launcher of the next attempt.
[ "$lh_restart" = no ] || . "$lh_lib/again.sh"
exit 0
`;
