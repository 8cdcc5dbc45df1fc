/**
 * Who goes on where a supervisor was killed. Read by whoever finds a dead one: resume.sh, again.sh and, for containers, container.sh.
 */
export const TAKEOVER_SCRIPT = `# Longhaul: of any number that would go on where a process was killed, one does. Functions only; lh_self_time is the caller's own start time.

# Whether this process is the one that follows process $2 that was started at $3. $1: what for. A symbolic link appears in one step with its
# text, which says who made it: one that was killed in its turn is followed in its turn.
lh_take_over() {
  lh_after=$2 lh_after_time=$3 lh_count=0
  while [ "$lh_count" -lt 1000 ]; do
    if lh_lives "$lh_after" "$lh_after_time"; then return 1; fi
    lh_mark=$1.$lh_after-$(printf %s "$lh_after_time" | tr -c 0-9A-Za-z _)
    if ln -s "$$ $lh_self_time" "$lh_mark" 2>/dev/null; then return 0; fi
    # A full disk: the next who looks tries again.
    lh_holder=$(readlink "$lh_mark" 2>/dev/null) || return 1
    lh_after=\${lh_holder%% *} lh_after_time=\${lh_holder#* }
    lh_count=$((lh_count + 1))
  done
  return 1
}

# lh_who, lh_who_time: the process that the record in $1 names; none where there is no such record.
lh_named_in() {
  lh_record=
  { IFS= read -r lh_record < "$1"; } 2>/dev/null
  lh_who=none lh_who_time=none
  case $lh_record in *'"pid":'*'"processStartTime":"'*) ;; *) return 0 ;; esac
  lh_who=\${lh_record#*'"pid":'}
  lh_who=\${lh_who%%[,\\}]*}
  lh_who_time=\${lh_record#*'"processStartTime":"'}
  lh_who_time=\${lh_who_time%%'"'*}
}

# Says in launcher.json that this process supervises now. Whole or not at all: somebody may be reading it.
lh_say_launcher() {
  { printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":"%s"}\\n' $$ "$lh_self_time" "$lh_boot" > "launcher.$$"; } 2>/dev/null && mv "launcher.$$" launcher.json
}
`;
