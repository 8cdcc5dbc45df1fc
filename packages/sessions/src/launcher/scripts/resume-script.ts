/**
 * What goes on with a restart loop whose launcher was killed: `sh resume.sh <run directory>`, in a terminal as the launcher was. Whoever
 * finds the loop without one starts it; of any number that do so at once, one goes on.
 */
export const RESUME_SCRIPT = `# Longhaul: goes on where the launcher of a run was killed. $1: the run's directory.
cd "$1" || exit 1
. ./launch.conf
PATH=$lh_path
export PATH
if [ -n "\${LONGHAUL_RUN_ID+set}" ]; then
  exec env -i PATH="$PATH" TERM="\${TERM:-dumb}" "$lh_shell" "$lh_lib/resume.sh" "$@"
fi
trap '' HUP
umask 077
. "$lh_lib/record.sh"
. "$lh_lib/takeover.sh"
lh_look $$
lh_self_time=$lh_time
lh_named_in launcher.json
lh_take_over resumed "$lh_who" "$lh_who_time" || exit 0
# The run was made, and its launcher killed before it came up as that.
if [ ! -e launcher.json ] && [ ! -e exit.json ]; then exec "$lh_shell" "$lh_start" "$1"; fi
lh_say_launcher
trap '' INT QUIT TERM USR1 USR2 ALRM ABRT
exec env -i PATH="$PATH" TERM="\${TERM:-dumb}" "$lh_shell" "$lh_lib/finish.sh" "$$ $lh_self_time"
`;
