/**
 * The restart loop (design §4.6): what finish.sh goes on with where the spec asks for it. The same process makes the next run by itself,
 * so that neither a server nor Node is needed, and becomes its launcher by exec.
 */
export const AGAIN_SCRIPT = `# Longhaul launcher, after the end of an attempt. Read by finish.sh when everything about it is recorded, in the run's directory.
. ./restart.conf
. "$lh_lib/loop.sh"
# What a backend adds: lh_start, lh_carry, lh_slots.
[ ! -e backend.conf ] || . ./backend.conf

lh_look $$
lh_self_time=$lh_time
# A tmux that was asked twice started two launchers for one run: one of them goes on, and the file says which. Where it cannot be made,
# there is only us to hope for.
set -C
{ printf '' > again; } 2>/dev/null
lh_taken=$?
set +C
lh_mine=again
if [ "$lh_taken" -ne 0 ] && [ -e again ]; then
  # Who looks on must always find one that lives: first the other says who it is, then this one goes. One that was killed is followed.
  lh_count=0
  while [ ! -s again ] && [ "$lh_count" -lt 20 ]; do lh_nap; lh_count=$((lh_count + 1)); done
  . "$lh_lib/takeover.sh"
  lh_named_in again
  if [ "$lh_who" = $$ ] || ! lh_take_over again "$lh_who" "$lh_who_time"; then exit 0; fi
  lh_mine=again.$$
fi
{ printf '{"schemaVersion":1,"pid":%s,"processStartTime":"%s","bootId":%s}\\n' $$ "$lh_self_time" "$lh_boot_json" > "$lh_mine"; } 2>/dev/null
[ "$lh_mine" = again ] || mv "$lh_mine" again
# It had made the next run by then: that one's launcher is looked after by itself.
[ ! -L next ] || exit 0

lh_sessions=$lh_state/sessions/$lh_session

# What a launcher that was killed was making when it was: nobody has been told of that run, and its claim would stand in the way of ours.
if [ "$lh_mine" != again ]; then
  lh_half=$(readlink "$lh_sessions/claims/$((lh_claim + 1))" 2>/dev/null)
  case $lh_half in
    "1 run "*" $lh_backend $lh_who "* | "1 run "*" $lh_backend $lh_after "*)
      set -- $lh_half
      case $3 in
        '' | *[!0-9A-Z]*) ;;
        *)
          rm -rf "$lh_state/runs/$3"
          rm -f "$lh_state/outputs/$3" "$lh_sessions/claims/$((lh_claim + 1))"
          ;;
      esac
      ;;
  esac
fi

# $1: why no attempt follows. Into a file that has been there since the start, so that a full disk cannot keep it from being said.
lh_over() {
  lh_now
  lh_by=null
  [ "$1" != stopped ] || lh_who_stopped
  printf '{"schemaVersion":1,"why":"%s","at":"%s","stoppedBy":%s}\\n' "$1" "$lh_date" "$lh_by" 1<>loop-end.slot
  lh_sync loop-end.slot
  mv loop-end.slot loop-end.json
  exit 0
}

# When the next attempt comes: $1 milliseconds from now. $2: what has kept it from coming before, as JSON. The blanks at the end
# cover what is left of a longer one.
lh_announce() {
  lh_now
  [ ! -e restart.json ] || mv restart.json restart.slot
  printf '{"schemaVersion":1,"since":"%s","delayMs":%s,"attempt":%s,"pid":%s,"processStartTime":"%s","bootId":%s,"problem":%s}%99s\\n' \\
    "$lh_date" "$1" "$((lh_attempt + 1))" $$ "$lh_self_time" "$lh_boot_json" "$2" '' 1<>restart.slot
  mv restart.slot restart.json
}

# $1 milliseconds, or until somebody stops it. A stop is seen within half a second.
lh_pause() {
  lh_left=$1
  lh_slice=100
  while [ "$lh_left" -gt 0 ]; do
    [ ! -e stop.json ] || return 1
    [ "$((lh_left + 2000))" -gt "$1" ] || lh_slice=500
    [ "$lh_slice" -le "$lh_left" ] || lh_slice=$lh_left
    lh_part=$((1000 + lh_slice % 1000))
    if sleep "$((lh_slice / 1000)).\${lh_part#1}" 2>/dev/null; then lh_left=$((lh_left - lh_slice)); else sleep 1; lh_left=$((lh_left - 1000)); fi
  done
  [ ! -e stop.json ]
}

# lh_random: eighteen random numbers from 0 to 255.
lh_roll() {
  lh_random=$(od -An -v -tu1 -N18 /dev/urandom 2>/dev/null | tr '\\n' ' ')
  set -- $lh_random
  [ $# -eq 18 ] && return 0
  # No od: what changes from run to run must do, the claim on the name decides anyway.
  lh_seed=$(($$ * 7919 + lh_attempt * 104729 + \${lh_self_time##*[!0-9]}))
  lh_random= lh_count=0
  while [ "$lh_count" -lt 18 ]; do
    lh_seed=$(((lh_seed * 1103515245 + 12345) % 2147483648))
    lh_random="$lh_random $((lh_seed / 65536 % 256))"
    lh_count=$((lh_count + 1))
  done
}

# lh_ms: now, milliseconds since 1970; later than the run before, should the clock have been set back: runs are sorted by it.
lh_clock() {
  lh_now
  lh_epoch "$lh_date"
  [ -n "$lh_ms" ] || lh_ms=0
  [ "$lh_ms" -gt "$lh_last" ] || lh_ms=$((lh_last + 1))
}

# Standard input with $1 as its first line: what belongs to one attempt alone stands there.
lh_renew() {
  IFS= read -r lh_line || return 1
  printf '%s\\n' "$1" && cat
}

# Everything that a run needs before its launcher is started, as writeLaunchFiles does it. Any failure here is a full disk, as a rule.
lh_fill() {
  mkdir "$lh_dir" || return 1
  ln -s "$lh_session" "$lh_dir/session" || return 1
  if [ "$lh_outputs" = yes ]; then printf '' > "$lh_state/outputs/$lh_id" || return 1; fi
  lh_own=$(printf '{"schemaVersion":1,"runId":"%s","claim":%s,"attempt":%s,"createdAt":"%s","starter":{"pid":%s,"startTime":"%s","bootId":%s,"host":%s},"restarts":%s,"previous":{"runId":"%s","exitCode":%s,"signal":%s,"reason":%s,"endedAt":%s},' \\
    "$lh_id" "$lh_number" "$((lh_attempt + 1))" "$lh_date" $$ "$lh_self_time" "$lh_boot_json" "$lh_host_json" "$((lh_row + 1))" "$lh__id" "$lh_code" "$lh_signal" "$lh_reason" "$lh_ended")
  lh_renew "$lh_own" < spec.json > "$lh_dir/spec.json.tmp" || return 1
  mv "$lh_dir/spec.json.tmp" "$lh_dir/spec.json" || return 1
  lh_renew "lh__id='$lh_id'" < launch.conf > "$lh_dir/launch.conf" || return 1
  lh_renew "lh_attempt='$((lh_attempt + 1))' lh_restarts='$((lh_row + 1))' lh_claim='$lh_number' lh_last='$lh_ms'" < restart.conf > "$lh_dir/restart.conf" || return 1
  for lh_file in command.sh on-exit.sh tmux.json limit.conf backend.conf \${lh_carry-}; do
    [ ! -e "$lh_file" ] || ln "$lh_file" "$lh_dir/$lh_file" 2>/dev/null || cp "$lh_file" "$lh_dir/$lh_file" || return 1
  done
  set -- $lh_slots
  lh_want=0 lh_names=
  while [ $# -gt 1 ]; do
    printf "%$(($2 - 1))s\\n" '' > "$lh_dir/$1" || return 1
    lh_want=$((lh_want + $2)) lh_names="$lh_names $1"
    shift 2
  done
  # Not every shell says that its own printf met a full disk.
  lh_have=$(cd "$lh_dir" && cat $lh_names | wc -c)
  [ "$lh_have" -eq "$lh_want" ] || return 1
  ln -s "$lh_id" next || return 1
  # A hint for people and lists; the claims decide.
  ln -sfn "../../runs/$lh_id" "$lh_sessions/current" 2>/dev/null || :
}

# The next run: the claim on the name first, and all of it taken back where something cannot be written.
lh_make() {
  lh_roll
  lh_clock
  set -- $lh_random
  shift 2
  lh_run_id "$lh_ms" "$@"
  lh_dir=$lh_state/runs/$lh_id
  lh_number=$((lh_claim + 1))
  lh_encoded=$lh_self_time
  while :; do case $lh_encoded in *' '*) lh_encoded=\${lh_encoded%%" "*}%20\${lh_encoded#*" "} ;; *) break ;; esac; done
  if ! ln -s "1 run $lh_id $lh_backend $$ $lh_encoded $lh_boot_claim $lh_host_claim" "$lh_sessions/claims/$lh_number" 2>/dev/null; then
    if [ -L "$lh_sessions/claims/$lh_number" ] || [ ! -d "$lh_sessions/claims" ]; then lh_over superseded; fi
    return 1
  fi
  if (lh_fill) 2>/dev/null; then
    rm -f "$lh_sessions/claims/$((lh_claim - 1))"
    return 0
  fi
  rm -rf "$lh_dir"
  rm -f next "$lh_state/outputs/$lh_id" "$lh_sessions/claims/$lh_number"
  return 1
}

lh_exit= lh_began=
{ IFS= read -r lh_exit < exit.json; } 2>/dev/null
{ IFS= read -r lh_began < start.json; } 2>/dev/null
lh_field "$lh_began" startedAt
lh_value=\${lh_value#\\"}
lh_epoch "\${lh_value%\\"}"
lh_from=$lh_ms
lh_field "$lh_exit" endedAt
lh_ended=$lh_value
lh_value=\${lh_value#\\"}
lh_epoch "\${lh_value%\\"}"
lh_lived=
if [ -n "$lh_from" ] && [ -n "$lh_ms" ]; then lh_lived=$((lh_ms - lh_from)); fi
lh_field "$lh_exit" exitCode
lh_code=$lh_value
lh_field "$lh_exit" signal
lh_signal=$lh_value
lh_field "$lh_exit" reason
lh_reason=$lh_value
lh_word=\${lh_reason#\\"}
[ ! -e stop.json ] || lh_over stopped
lh_decide "$lh_mode" "$lh_max" "$lh_restarts" "$lh_reset" "$lh_attempt" "\${lh_word%\\"}" "$lh_code" "$lh_lived"
[ "$lh_what" = again ] || lh_over "$lh_what"

lh_roll
set -- $lh_random
lh_growing "$lh_row" "$lh_first_delay" "$lh_longest_delay" $((($1 * 256 + $2) % 1000))
lh_announce "$lh_delay" null
lh_pause "$lh_delay" || lh_over stopped
# A full disk costs time, never the loop: it is tried again until there is room, or until somebody stops it.
lh_retry=1000
until lh_make; do
  lh_announce "$lh_retry" '"the next run could not be written: is the disk of the state directory full?"'
  lh_pause "$lh_retry" || lh_over stopped
  [ "$lh_retry" -ge 30000 ] || lh_retry=$((lh_retry * 2))
done

# A stop that came while the next run was made: it writes stop.json here before it looks for "next", we look the other way round.
if [ -e stop.json ]; then
  for lh_file in stop.by stop.json; do ln "$lh_file" "$lh_dir/$lh_file" 2>/dev/null || cp "$lh_file" "$lh_dir/$lh_file" 2>/dev/null; done
fi
# Who waits for ends has been woken by it; a loop that goes on for months would leave one for each attempt. A hook takes its own away.
[ "$lh_hook" = yes ] || rm -f "$lh_state/ended/$lh__id"
# Where the terminal is gone, job control would end the next launcher: it is told so.
set -- "$lh_dir"
[ "$lh_form" = none ] || [ -t 0 ] || set -- "$lh_dir" detached
exec env -i PATH="$PATH" TERM="\${TERM:-dumb}" "$lh_shell" "$lh_start" "$@"
`;
