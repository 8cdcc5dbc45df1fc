/**
 * The process that supervises one container: `sh container.sh <run directory> [place]`. It hands over to finish.sh of
 * `@longhaul/sessions` by exec, so that it is one process from the first record to the last. README.md of the folder above tells the story.
 */
export const CONTAINER_SCRIPT = `# Longhaul launcher for a container. $1: the run's directory. $2: adopt, where the launcher before is gone. POSIX sh; dash, bash and busybox sh are tried.
cd "$1" || exit 1
. ./launch.conf
. ./container.conf
PATH=$lh_path
export PATH
unset LONGHAUL_RUN_ID
# Caught, not ignored: what is ignored here would be ignored by conmon, by the engine's client, and by the job.
trap : HUP INT QUIT TERM USR1 USR2 ALRM
umask 077
. "$lh_lib/record.sh"
lc_mode=\${2-start}
lc_id= lc_pid= lc_time= lc_started= lc_exit=

# The engine's client, with the engine's environment and without ours.
lc() {
  ( . ./engine.env; LC_ALL=C; export LC_ALL; exec "$lc_engine" "$@" ) </dev/null
}

lc_nap() {
  sleep "$1" 2>/dev/null || sleep 1
}

# What the engine said last, on one line, for people.
lc_said() {
  tr '\\n\\t' '  ' < engine.err 2>/dev/null | cut -c 1-1500
}

lc_finish() {
  exec env -i PATH="$PATH" "$lh_shell" "$lh_lib/finish.sh" "$lh_launcher"
}

# Why it cannot be started, for people and for the backend; then the end.
lc_refuse() {
  { printf '%s: %s\\n' "$1" "$(lc_said)" > start-error; } 2>/dev/null
  [ -z "$lc_id" ] || lc rm -f -v "$lc_id" >/dev/null 2>&1
  lc_finish
}

# The name is taken. By a container of an earlier run of ours whose end is written down: nothing is lost with it.
lc_free_name() {
  lc_holder=$(lc container inspect --format '{{.Id}} {{index .Config.Labels "io.longhaul.run"}} {{index .Config.Labels "io.longhaul.state"}}' "$lc_name" 2>/dev/null) || return 0
  set -- $lc_holder
  [ $# -eq 3 ] && [ "$3" = "$lc_state" ] || return 1
  case $2 in *[!0-9A-Z]*) return 1 ;; esac
  [ -e "$lh_state/runs/$2/exit.json" ] || [ -e "$lh_state/runs/$2/job.json" ] || return 1
  lc rm -f -v "$1" >/dev/null 2>&1
  return 0
}

lc_create() {
  lc_tries=0
  while :; do
    rm -f cid
    if ( . ./engine.env; LC_ALL=C; export LC_ALL; [ ! -e client.env ] || . ./client.env; . ./create.sh ) </dev/null >/dev/null 2>engine.err; then
      { read -r lc_id < cid; } 2>/dev/null
      [ -n "$lc_id" ] && return 0
    fi
    lc_tries=$((lc_tries + 1))
    [ "$lc_tries" -lt 50 ] && grep -q -i 'in use' engine.err && lc_free_name || return 1
    lc_nap 0.1
  done
}

# A pipe whose other end conmon (or the follower) holds as long as the container lives: reading it costs nothing and ends with it.
lc_open_life() {
  rm -f life
  mkfifo life && exec 9<>life
}

lc_watch_life() {
  exec 8<life 9>&-
}

# What podman starts beside conmon inherits the pipe too, and aardvark-dns outlives every container. So somebody looks after conmon as well:
# GNU tail, at a fifth of a megabyte, or this shell once a second.
lc_watch_conmon() {
  lc_conmon=
  { read -r lc_conmon < conmon.pid; } 2>/dev/null
  case $lc_conmon in '' | *[!0-9]*) return 0 ;; esac
  lh_look "$lc_conmon"
  (
    exec 8<&- 9>&-
    tail --pid="$lc_conmon" -s 0.5 -n 0 -f /dev/null 2>/dev/null || while lh_lives "$lc_conmon" "$lh_time"; do lc_nap 1; done
    # Opened both ways, it does not wait for a reader that is gone.
    printf 'over\\n' 1<>life
  ) </dev/null >/dev/null 2>&1 &
}

# Follows the log where the engine does not write it into our folder. Starts the container first, unless it is told to resume.
lc_follow() {
  ( . ./engine.env; exec "$lc_node" "$lc_lib/follow.mjs" "$lc_endpoint" "$lc_id" "$lc_terminal" "$1" "$lc_engine" ) </dev/null >&9 2>follow.err 9>&- &
  lc_follower=$!
  lh_look "$lc_follower"
  lc_follower_time=$lh_time
  { printf '%s %s\\n' "$lc_follower" "$lc_follower_time" > follow.pid; } 2>/dev/null
}

# lc_code: how the follower ended. A signal to this shell ends wait, not the follower.
lc_join() {
  while :; do
    wait "$lc_follower"
    lc_code=$?
    [ "$lc_code" -gt 128 ] && lh_lives "$lc_follower" "$lc_follower_time" || return 0
  done
}

lc_start() {
  rm -f pid
  lc_open_life || return 1
  if [ "$lc_log" = file ]; then
    lc start "$lc_id" >/dev/null 2>engine.err 9>life || return 1
    lc_watch_life
    { read -r lc_pid < pid; } 2>/dev/null
    lc_watch_conmon
  else
    lc_follow start
    lc_watch_life
    # It says the pid once the container is started, and nothing where it could not be.
    read -r lc_pid <&8 || { cp follow.err engine.err 2>/dev/null; return 1; }
  fi
  case $lc_pid in '' | *[!0-9]*) lc_pid=0 ;; esac
}

# Whether the job was executed, as far as can be seen; 1 where the container has ended already. An init process comes first, and
# a command that is not in the image ends it a moment later: the engine calls both "started".
lc_executed() {
  lc_time=
  # A pid of another machine says nothing here.
  if [ "$lc_place" != local ]; then
    lc_pid=0
    return 0
  fi
  [ "$lc_pid" -le 0 ] || { lh_look "$lc_pid"; lc_time=$lh_time; }
  [ -n "$lc_time" ] || return 1
  [ "$lc_init" = yes ] || return 0
  # Not every kernel tells of children; but a process that has ended since has no such file either.
  if [ ! -r "/proc/$lc_pid/task/$lc_pid/children" ]; then
    lh_lives "$lc_pid" "$lc_time"
    return
  fi
  lc_count=0
  while [ "$lc_count" -lt 300 ] && lh_lives "$lc_pid" "$lc_time"; do
    lc_child= lc_own= lc_other=
    { read -r lc_child lc_rest < "/proc/$lc_pid/task/$lc_pid/children"; } 2>/dev/null
    if [ -n "$lc_child" ]; then
      { read -r lc_own < "/proc/$lc_pid/comm" && read -r lc_other < "/proc/$lc_child/comm"; } 2>/dev/null
      [ -z "$lc_other" ] || [ "$lc_other" = "$lc_own" ] || return 0
    fi
    lc_count=$((lc_count + 1))
    lc_nap 0.01
  done
  lh_lives "$lc_pid" "$lc_time"
}

# The beginning of the log as text: whoever wrote a line in pieces (tini takes three) has them joined again.
lc_first_words() {
  head -n 16 output.cri | while IFS= read -r lc_line; do
    lc_line=\${lc_line#* * }
    printf '%s' "\${lc_line#* }"
    [ "\${lc_line%% *}" = P ] || echo
  done | tr -d '\\r'
}

# Whether the init process could not execute the command. It says so on the only line of the log.
lc_init_failed() {
  [ "$lc_init" = yes ] && [ -e output.cri ] || return 1
  case $lc_exit in 1 | 126 | 127 | 255) ;; *) return 1 ;; esac
  lc_said=$(lc_first_words)
  case $lc_said in
    *'
'*) return 1 ;;
    'ERROR (catatonit:'*'): failed to exec '* | '[FATAL tini ('*')] exec '*' failed: '* | '[dumb-init] '*) ;;
    *) return 1 ;;
  esac
  { printf 'start: executable file not found in the image, or not executable: %s (%.500s)\\n' "$lc_program" "$lc_said" > start-error; } 2>/dev/null
}

# A container that has ended already has no process any more: a start time that no process has.
lc_record_start() {
  [ -n "$lc_time" ] || lc_time=ended
  lc_write_start 1<>start.slot
  mv start.slot start.json
  { printf '%s\\n%s\\n%s\\n' "$lc_pid" "$lc_time" "$lc_started" > container.pid; } 2>/dev/null
}

lc_write_start() {
  printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":"%s","startedAt":"%s","launcherPid":%s,"launcherStartTime":"%s","place":"%s"}\\n' \\
    "\${lc_pid:-0}" "\${lc_time:-ended}" "$lh_boot" "$lc_started" "\${lh_launcher%% *}" "\${lh_launcher#* }" "$lc_place"
}

# Until the container has ended and its log is whole.
lc_wait() {
  while read -r lc_line <&8 && [ "$lc_line" != over ]; do :; done
  if [ "$lc_log" = follow ]; then
    lc_code=0
    [ -z "\${lc_follower-}" ] || lc_join
    # Whatever ended the follower but the end of the container: another goes on where it was.
    while [ "$lc_code" -ne 0 ]; do
      lc_nap 1
      lc_open_life && lc_follow resume && lc_watch_life
      while read -r lc_line <&8; do :; done
      lc_join
    done
  fi
  # conmon can be killed; the container lives on.
  while [ "$lc_place" = local ] && lh_lives "$lc_pid" "$lc_time"; do lc_nap 0.5; done
}

# lc_status, lc_exit, lc_oom, lc_ended: what the engine says of the end. 1 where the container is gone.
lc_ask_end() {
  lc_pause=1
  while :; do
    lc_facts=$(lc container inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{json .State.FinishedAt}}' "$lc_id" 2>engine.err) && break
    grep -q -i -e 'no such container' -e 'no container with' engine.err && return 1
    # The engine does not answer: its word is waited for, as long as it takes.
    lc_nap "$lc_pause"
    [ "$lc_pause" -ge 5 ] || lc_pause=$((lc_pause + 1))
  done
  set -- $lc_facts
  lc_status=$1 lc_exit=$2 lc_oom=$3 lc_ended=$4
}

# lc_exit: what the engine's events still tell of a container that is gone, or null: docker keeps the last few hundred, podman what its journal keeps.
lc_ask_events() {
  if [ "$lc_server" = podman ]; then
    lc_exit=$(lc events --stream=false --since "$lc_since" --filter container="$lc_id" --filter event=died --format '{{.ContainerExitCode}}' 2>/dev/null | tail -n 1)
  else
    lc_exit=$(lc events --since "$lc_since" --until "$(($(date +%s) + 1))" --filter container="$lc_id" --filter event=die --format '{{.Actor.Attributes.exitCode}}' 2>/dev/null | tail -n 1)
  fi
  case $lc_exit in '' | *[!0-9]*) lc_exit=null ;; esac
}

# lc_oom of a container with a memory limit that ended with 137, where the engine says that there was no OOM kill: conmon 2.1 misses it (8 of
# 8 tried). The kernel's own line names the container; where it may not be read, podman's word is none.
lc_ask_kernel() {
  if dmesg >/dev/null 2>&1; then
    if dmesg 2>/dev/null | grep -q "oom-kill:.*oom_memcg=[^,]*$lc_id"; then lc_oom=true; fi
  elif [ "$lc_server" = podman ]; then
    lc_oom=null
  fi
}

# lc_exit, lc_oom: how it ended, null where nobody knows.
lc_know_end() {
  lc_exit=null lc_oom=null lc_status= lc_ended=
  lc_tries=0
  while lc_ask_end; do
    # An engine needs a moment after the end of the process; after a kill -9 of conmon it may never know.
    case $lc_status in running | paused | stopping | removing) [ "$lc_tries" -lt 50 ] || { lc_exit=null; break; } ;; *) break ;; esac
    lc_tries=$((lc_tries + 1))
    lc_nap 0.1
  done
  [ -n "$lc_status" ] || lc_ask_events
  case $lc_exit in -* | '') lc_exit=null ;; esac
  case $lc_oom in true | false) ;; *) lc_oom=null ;; esac
  if [ "$lc_exit" = 137 ] && [ "$lc_oom" = false ] && [ "$lc_limited" = yes ]; then lc_ask_kernel; fi
}

lc_record_end() {
  lc_reason=exit lc_signal=null lc_by=null
  lh_now
  case $lc_ended in '"2'*'Z"') [ "$lc_mode" != adopt ] || { lc_ended=\${lc_ended#?}; lh_date=\${lc_ended%?}; } ;; esac
  [ "$lc_exit" != null ] || lc_reason=lost
  if [ "$lc_exit" = 137 ] && [ "$lc_oom" = true ]; then lc_reason=signal lc_signal='"SIGKILL"'; fi
  if [ -e stop.json ]; then
    lc_reason=stopped
    lh_who_stopped
    lc_by=$lh_by
  fi
  printf '{"schemaVersion":1,"exitCode":%s,"signal":%s,"oomKilled":%s,"endedAt":"%s","reason":"%s","stoppedBy":%s}\\n' \\
    "$lc_exit" "$lc_signal" "$lc_oom" "$lh_date" "$lc_reason" "$lc_by" 1<>job.slot
  lh_sync job.slot
  mv job.slot job.json
}

# The container goes once its end is on the disk. Beside the rest: an engine may take minutes for it, and the record must not wait.
lc_clean() {
  exec 8<&-
  ( lc rm -f -v "$lc_id" >/dev/null 2>&1; rm -f life ) &
}

# The launcher before was killed. The container may live, or have ended, or never have been started.
lc_adopt() {
  [ ! -e exit.json ] && [ ! -e job.json ] || lc_finish
  { read -r lc_id < cid; } 2>/dev/null
  [ -n "$lc_id" ] || lc_finish
  if [ -e start.json ]; then
    { read -r lc_pid; read -r lc_time; read -r lc_started; } 2>/dev/null < container.pid
    # The record names who supervises now.
    lc_write_start > start.tmp && mv start.tmp start.json
  else
    # Never said to be started. If it runs all the same it is ours; if not, it never will.
    lc_ask_end || lc_finish
    case $lc_status in
      created | configured | initialized) lc_refuse 'the launcher was killed before it could start the container' ;;
    esac
    lc_pid=$(lc container inspect --format '{{.State.Pid}}' "$lc_id" 2>/dev/null)
    case $lc_pid in '' | *[!0-9]*) lc_pid=0 ;; esac
    [ "$lc_pid" -le 0 ] || { lh_look "$lc_pid"; lc_time=$lh_time; }
    lh_now
    lc_started=$lh_date
    lc_record_start
  fi
  if [ "$lc_log" = file ]; then
    # conmon still holds the other end, if it lives.
    { [ -p life ] || mkfifo life; } && exec 9<>life && lc_watch_life
    lc_watch_conmon
  else
    lc_other= lc_other_time=
    { read -r lc_other lc_other_time < follow.pid; } 2>/dev/null
    while lh_lives "$lc_other" "$lc_other_time"; do lc_nap 0.5; done
    lc_open_life && lc_follow resume && lc_watch_life
  fi
}

lh_look $$
lh_launcher="$$ $lh_time"
if [ "$lc_mode" = adopt ]; then
  # $3: whom it follows. Of any number that adopt at once, one does.
  set -C
  { printf '' > "adopted.$3"; } 2>/dev/null || exit 0
  set +C
fi
printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":"%s"}\\n' $$ "$lh_time" "$lh_boot" 1<>launcher.slot
# In place before stop.json is looked for: whoever gives up a start writes that first and looks for this.
mv launcher.slot launcher.json
lc_since=$(date +%s)

if [ "$lc_mode" = adopt ]; then
  { printf '' > began; } 2>/dev/null
  lc_since=$((lc_since - 864000))
  lc_adopt
else
  # Once and for all: a run is executed once, whatever happens to its supervisors.
  set -C
  { printf '' > began; } 2>/dev/null || exit 1
  set +C
  [ ! -e stop.json ] || lc_finish
  lc_create || lc_refuse create
  [ "$lh_restart" = yes ] || rm -f container.env client.env
  if [ -e stop.json ]; then
    lc rm -f -v "$lc_id" >/dev/null 2>&1
    lc_finish
  fi
  lh_now
  lc_started=$lh_date
  lc_start || lc_refuse start
  if lc_executed; then
    lc_record_start
  else
    # It is over already: whether there was a job is known before anybody is told that there was.
    lc_wait
    lc_know_end
    if lc_init_failed; then
      lc_clean
      lc_finish
    fi
    lc_time=
    lc_record_start
  fi
fi
[ -n "\${lc_exit-}" ] || { lc_wait; lc_know_end; }
lc_record_end
lc_clean
lc_finish
`;
