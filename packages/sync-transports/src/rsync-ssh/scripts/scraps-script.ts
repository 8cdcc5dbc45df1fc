/** Shared with the wrapper of rsync. */
export const STARTED_SCRIPT = `
# What a process is told apart by from a later one of the same number; nothing where it has ended.
started() {
  if [ -d /proc/self ]; then
    sed -n 's/^.*) [^ZX] \\([-0-9]* \\)\\{18\\}\\([0-9]*\\) .*/\\2/p' "/proc/$1/stat" 2>/dev/null
  else
    ps -o lstart= -p "$1" 2>/dev/null
  fi
}
`;

/**
 * What lies in the incoming folder for a moment only (PROTOCOL.md, "Scraps"). `make_mark` sets `mark`, the end of such a name: the
 * nonce and, where the system tells, which process of which machine makes it. `sweep_scraps` deletes those whose maker has ended, and
 * whatever is a week old.
 */
export const SCRAPS_SCRIPT: string = `${STARTED_SCRIPT}
# This boot of this machine, and the numbers of processes that are seen from here.
maker_place=
if read -r o_boot </proc/sys/kernel/random/boot_id && o_space=$(readlink /proc/self/ns/pid); then
  o_space=\${o_space#*[}
  maker_place=$o_boot.\${o_space%]}
fi 2>/dev/null
make_mark() {
  mark=$nonce
  o_since=$(started $$)
  case $maker_place:$o_since in
    :* | *: | *:*[!0-9]*) ;;
    *) mark=$nonce.$maker_place.$$.$o_since ;;
  esac
}
forsaken() {
  o_name=\${1##*/}
  o_name=\${o_name#.*.}
  o_name=\${o_name#*.}
  o_name=\${o_name%.new}
  o_since=\${o_name##*.}
  o_name=\${o_name%.*}
  o_pid=\${o_name##*.}
  case $o_pid:$o_since in :* | *: | *[!0-9:]*) return 1 ;; esac
  [ -n "$maker_place" ] && [ "\${o_name%.*}" = "$maker_place" ] && [ "$(started "$o_pid")" != "$o_since" ]
}
# Another user's process may be hidden from us: only what is ours is judged by its maker.
sweep_scraps() {
  for o_scrap in "$B"/.new.* "$B"/.gone.* "$B"/.probe.* "$B"/.names.* "$B"/.link.*; do
    there "$o_scrap" || continue
    if { [ -O "$o_scrap" ] && forsaken "$o_scrap"; } || [ -n "$(find "$o_scrap" -prune -mtime +6 2>/dev/null)" ]; then
      scrap "$o_scrap" 2>/dev/null
    fi
  done
}
`;
