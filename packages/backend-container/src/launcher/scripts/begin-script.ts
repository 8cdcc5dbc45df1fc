/** Creates and starts the container, sees whether its job was executed, and writes that down. container.sh reads it in. */
export const BEGIN_SCRIPT = `# The name is taken. By a container of an earlier run of ours whose end is written down: nothing is lost with it.
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
  # Before the record: whoever goes on where this launcher was killed finds both, or makes both.
  { printf '%s\\n%s\\n%s\\n' "$lc_pid" "$lc_time" "$lc_started" > container.pid; } 2>/dev/null
  lc_write_start 1<>start.slot
  mv start.slot start.json
}

lc_write_start() {
  printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":"%s","startedAt":"%s","launcherPid":%s,"launcherStartTime":"%s","place":"%s"}\\n' \\
    "\${lc_pid:-0}" "\${lc_time:-ended}" "$lh_boot" "$lc_started" "\${lh_launcher%% *}" "\${lh_launcher#* }" "$lc_place"
}
`;
