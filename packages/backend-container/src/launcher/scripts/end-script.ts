/** Waits for the end of the container, finds out how it ended, and writes that down. container.sh reads it in. */
export const END_SCRIPT = `# Until the container has ended and its log is whole.
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
  # conmon can be killed; the container lives on, and nobody writes down what it prints.
  if [ "$lc_place" = local ] && lh_lives "$lc_pid" "$lc_time"; then
    [ "$lc_log" != file ] || lc_note_gap
    while lh_lives "$lc_pid" "$lc_time"; do lc_nap 0.5; done
  fi
}

# What the job prints from now on is not in its log, and readers must know.
lc_note_gap() {
  [ ! -e gaps ] || return 0
  lh_now
  { printf '{"schemaVersion":1,"at":null,"from":"%s","to":null,"why":"log-writer-killed"}\\n' "$lh_date" > gaps; } 2>/dev/null
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
  # docker says 255 of what ended while it was away, where it knows no better. Of one that still ran when it was back it knows.
  if [ "$lc_exit" = 255 ] && [ "$lc_log" = follow ] && grep -q '"ended":true' gaps 2>/dev/null; then lc_exit=null; fi
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
`;
