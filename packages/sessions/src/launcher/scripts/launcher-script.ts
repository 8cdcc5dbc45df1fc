/**
 * The process that tmux starts: `sh launcher.sh <run directory>`. It keeps script(1) in the foreground of the pane's terminal and
 * hands over to finish.sh by exec, so that it is one process from the first record to the last.
 */
export const LAUNCHER_SCRIPT = `# Longhaul launcher. $1: the run's directory. $2: detached, where it is known that there is no terminal. POSIX sh; dash, bash and busybox sh are tried.
cd "$1" || exit 1
. ./launch.conf
PATH=$lh_path
export PATH
# A server that was started inside another run hands its tag on: this process must not be swept with that run.
if [ -n "\${LONGHAUL_RUN_ID+set}" ]; then
  exec env -i PATH="$PATH" TERM="\${TERM:-dumb}" "$lh_shell" "$lh_lib/launcher.sh" "$@"
fi
# Ignored, not caught: script must outlive the terminal too. inner.sh gives the job its default back.
trap '' HUP
trap : INT QUIT TERM USR1 USR2 ALRM ABRT
umask 077
. "$lh_lib/record.sh"

lh_look $$
lh_launcher="$$ $lh_time"
printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":"%s"}\\n' $$ "$lh_time" "$lh_boot" 1<>launcher.slot
# Beside the rest, to save a millisecond: job.sh looks for stop.json after its own record is out, and that decides.
mv launcher.slot launcher.json &

# Beside the job, and only where its log has a limit.
[ ! -e limit.conf ] || lh_hold_log

lh_calm() {
  trap '' INT QUIT TERM USR1 USR2 ALRM ABRT
}

# The end is another script. By exec, so that this process stays what the record calls the launcher.
lh_finish() {
  lh_calm
  exec env -i PATH="$PATH" TERM="\${TERM:-dumb}" "$lh_shell" "$lh_lib/finish.sh" "$lh_launcher"
}

# dash and busybox end at once where job control fails, which it does when the terminal is gone ("Cannot set tty process group"),
# and can neither exec nor start a program in the foreground any more. In the background they can.
lh_finish_apart() {
  trap - EXIT
  lh_calm
  env -i PATH="$PATH" TERM="\${TERM:-dumb}" "$lh_shell" "$lh_lib/finish.sh" "$lh_launcher" &
  wait $!
}
trap lh_finish_apart EXIT

lh_inner='. ./launch.conf; . "$lh_lib/inner.sh"'
lh_script() {
  case $lh_form in
    util-linux) env -i PATH="$PATH" TERM="\${TERM:-dumb}" SHELL="$lh_shell" lh_launcher="$lh_launcher" script -qef -O output.log -T timing -c "$lh_inner" 2<>script.err ;;
    *) env -i PATH="$PATH" TERM="\${TERM:-dumb}" SHELL="$lh_shell" lh_launcher="$lh_launcher" script -q -t 0 output.log "$lh_shell" -c "$lh_inner" 2<>script.err ;;
  esac
}

# Where it has gone since an attempt before, job control would end this shell: finish.sh runs the job without one.
if [ ! -e stop.json ] && [ "\${2-}" != detached ]; then
  # A process group of its own for script: util-linux's takes INT, TERM and QUIT for the end, so it must not be in the pane's group.
  set -m
  lh_script
  # script stops itself when the job's shell was stopped, and job control tells us so: go on.
  while [ ! -e job.json ]; do
    lh_pids
    lh_lives "$lh_parent" "$lh_parent_time" || break
    fg >/dev/null 2>&1 || break
  done
fi
lh_finish
`;
