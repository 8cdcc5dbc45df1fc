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
. "$lc_lib/life.sh"
. "$lc_lib/begin.sh"
. "$lc_lib/end.sh"
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

# The launcher before was killed. The container may live, or have ended, or never have been started.
lc_adopt() {
  [ ! -e exit.json ] && [ ! -e job.json ] || lc_finish
  { read -r lc_id < cid; } 2>/dev/null
  [ -n "$lc_id" ] || lc_finish
  if [ -e start.json ]; then
    { read -r lc_pid; read -r lc_time; read -r lc_started; } 2>/dev/null < container.pid
    # The record names who supervises now. Where the disk was full, it stays as it is: without these it would say that the job has ended.
    [ -z "$lc_started" ] || { lc_write_start > start.tmp && mv start.tmp start.json; }
  else
    # Never said to be started. Whoever asked for it has been told that it failed, and meant no job to be there.
    if [ -e stop.json ]; then
      lc rm -f -v "$lc_id" >/dev/null 2>&1
      lc_finish
    fi
    # If it runs all the same it is ours; if not, it never will.
    lc_ask_end || lc_finish
    case $lc_status in
      created | configured | initialized) lc_refuse 'the launcher was killed before it could start the container' ;;
    esac
    # The code of one that runs is 0, and no end.
    lc_exit=
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
lh_self_time=$lh_time
lh_launcher="$$ $lh_self_time"
if [ "$lc_mode" = adopt ]; then
  # $3 and $4: whom it follows. Of any number that adopt at once, one does; one that was killed is followed in its turn.
  . "$lh_lib/takeover.sh"
  lh_take_over adopted "$3" "$4" || exit 0
  # Nobody: the run was made by a restart loop, and its launcher killed before it came up.
  [ "$3" != none ] || lc_mode=start
fi
printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":"%s"}\\n' $$ "$lh_self_time" "$lh_boot" 1<>launcher.slot
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
if [ -z "\${lc_exit-}" ]; then
  [ ! -e limit.conf ] || lh_hold_log
  lc_wait
  lc_know_end
fi
lc_record_end
lc_clean
lc_finish
`;
