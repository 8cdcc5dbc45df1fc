/** How the launcher notices that the container lives, at no cost: the pipe `life`, and what follows the log where the engine keeps it. container.sh reads it in. */
export const LIFE_SCRIPT = `# A pipe whose other end conmon (or the follower) holds as long as the container lives: reading it costs nothing and ends with it.
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
  ( . ./engine.env; exec "$lc_node" "$lc_lib/follow.mjs" "$lc_endpoint" "$lc_id" "$lc_terminal" "$1" "$lc_engine" $$ ) </dev/null >&9 2>follow.err 9>&- &
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
`;
