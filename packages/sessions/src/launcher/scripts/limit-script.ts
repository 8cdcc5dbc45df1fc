/**
 * What holds the log of a run to its limit where nobody looks: a shell beside the launcher, only of runs that have one. It measures, and has what
 * can drop the head of a log started when there is need.
 */
export const LIMIT_SCRIPT = `# Longhaul: holds the log of a run to its limit. $1: the run's directory, $2 and $3: its launcher, and when that was started.
cd "$1" || exit 0
. ./launch.conf
PATH=$lh_path
export PATH
trap '' HUP
umask 077
. "$lh_lib/record.sh"
. ./limit.conf
while sleep "$lh_every" 2>/dev/null || sleep 60; do
  # Nothing grows any more, the run was dropped, or its file system cannot make holes.
  if [ ! -e limit.conf ] || [ -e exit.json ] || [ -e uncapped ] || ! lh_lives "$2" "$3"; then exit 0; fi
  lh_used=0
  for lh_part in $(du -k output.log output.cri timing 2>/dev/null | cut -f 1); do lh_used=$((lh_used + lh_part)); done
  [ "$lh_used" -le "$lh_limit" ] || ( lh_hold ) </dev/null >/dev/null 2>&1
done
`;
