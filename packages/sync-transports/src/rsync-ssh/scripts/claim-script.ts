import { SCRAPS_SCRIPT } from './scraps-script.ts';

/**
 * Fencing and the lock of a final name, as PROTOCOL.md says. Variables: root, J (staging folder of the job), F (final name),
 * S (this claim's swap folder), K (lock), host, job, epoch, nonce, holder (text), host_line, job_line.
 *
 * Whatever ends a script after the lock was taken, except kill -9, undoes what was moved and releases it (give_up).
 */
export const CLAIM_SCRIPT: string = `${SCRAPS_SCRIPT}
locked=
moved=
k=0
make_mark
N=$B/.new.$mark
G=$B/.gone.$mark
trap give_up EXIT
trap 'exit 9' HUP INT PIPE TERM
give_up() {
  if [ -n "$moved" ]; then
    moved=
    undo
  fi
  unlock
  if there "$N"; then scrap "$N"; fi
}
finish() {
  give_up
  reply "$@"
  exit 0
}
fail() { finish error "$@"; }

# --- a later claim of the same job stops this one
owned() {
  for m in "$J"/epoch.*; do
    n=\${m##*.}
    case $n in *[!0-9]*) continue ;; esac
    if [ "$n" -gt "$epoch" ]; then
      later=$n
      return 1
    fi
  done
  return 0
}
fence() { owned || finish fenced "job $job has been claimed again: epoch $later is in its staging folder, this is $epoch"; }
claim() {
  mkdir -p "$B/.locks" "$J" || exit 9
  : >"$J/epoch.$epoch" || exit 9
  fence
  for m in "$J"/epoch.*; do
    n=\${m##*.}
    case $n in *[!0-9]*) continue ;; esac
    if [ "$n" -lt "$epoch" ]; then rm -f "$m"; fi
  done
  for s in "$J"/push.*; do
    n=\${s##*/push.}
    n=\${n%%.*}
    case $n in *[!0-9]*) continue ;; esac
    if [ "$n" -lt "$epoch" ]; then stop_push "$s"; fi
  done
  for s in "$J"/swap.*; do
    if [ -d "$s" ]; then mend "$s"; fi
  done
  sweep_scraps
}
# An rsync that an earlier claim has left: it must move nothing into the tree any more. Its folder goes first, without which none
# can begin; then it is ended, gently, so that it keeps the part of a file that it has.
stop_push() {
  k=$((k + 1))
  aside=$J/trash.$nonce.$k
  mv "$1" "$aside" 2>/dev/null || return 0
  p= t=
  if [ -f "$aside/pid" ]; then IFS=' ' read -r p t <"$aside/pid"; fi
  if [ -n "$t" ] && [ "$(started "$p")" = "$t" ]; then
    kill "$p" 2>/dev/null
    for try in 1 2 3 4 5 6 7 8 9 10; do
      [ "$(started "$p")" = "$t" ] || break
      sleep 0.2 2>/dev/null || sleep 1
    done
    [ "$(started "$p")" = "$t" ] && kill -9 "$p" 2>/dev/null
  fi
  scrap "$aside"
}
# An earlier publish did not end. Its renames all go through its own swap folder: taking that away stops it for good.
mend() {
  lock
  if [ "$1" != "$S" ]; then
    if there "$S"; then fail unknown "two publishes of job $job were left unfinished"; fi
    mv "$1" "$S" || exit 9
  fi
  undo && unlock && return 0
  if [ -n "$stranger" ]; then finish conflict stranger "$S/old"; fi
  fail unknown "an unfinished publish of job $job could not be undone"
}
undo() {
  stranger=
  held || return 1
  if there "$S/old"; then
    if ! there "$F"; then
      mv "$S/old" "$F" || return 1
    elif mine; then
      spend "$S/old" || return 1
    else
      stranger=1
      return 1
    fi
  fi
  if there "$S/tree"; then
    if there "$J/tree"; then return 1; fi
    mv "$S/tree" "$J/tree" || return 1
  fi
  trash "$S"
}
# Aside at once, deleted then: half of it must never be taken for something.
trash() {
  for x do
    if there "$x"; then
      k=$((k + 1))
      mv "$x" "$J/trash.$nonce.$k" || return 1
    fi
  done
  scrap_trash
}
scrap_trash() {
  if grep -qF -e "/$J/trash." /proc/self/mountinfo 2>/dev/null; then
    echo "something else is mounted below $J: it is left as it is" >&2
    return 1
  fi
  scrap "$J"/trash.*
}
# A result that another has replaced leaves the swap folder before anything of it is deleted: half of it must never be put back.
spend() {
  k=$((k + 1))
  mv "$1" "$J/spent.$nonce.$k"
}

# --- what lies at the final name
receipt=$F/.longhaul/longhaul.json
says() { grep -qxF -e "$1" "$receipt" 2>/dev/null; }
mine() { says "$host_line" && says "$job_line"; }

# --- the lock of the final name
field() { sed -n "s/^$2 //p" "$1/holder" 2>/dev/null; }
held() { [ "$(field "$K" nonce)" = "$nonce" ]; }
alive() { kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]; }
# Ours from an earlier claim; or from this one, where the process that took it has ended.
stale() {
  [ "$(sed -n 1p "$K/holder" 2>/dev/null)" = 'longhaul-lock 1' ] || return 1
  [ "$(field "$K" host)" = "$host" ] && [ "$(field "$K" job)" = "$job" ] || return 1
  n=$(field "$K" epoch)
  case $n in '' | *[!0-9]*) return 1 ;; esac
  [ "$n" -lt "$epoch" ] && return 0
  p=$(field "$K" pid)
  [ "$n" -eq "$epoch" ] && [ -n "$p" ] && ! alive "$p"
}
lock() {
  if [ -n "$locked" ]; then return 0; fi
  for try in 1 2 3 4 5; do
    scrap "$N"
    mkdir "$N" || exit 9
    printf '%spid %s\\n' "$holder" "$$" >"$N/holder" || exit 9
    # mv into a folder that somebody made in between nests: the holder file tells.
    if ! there "$K"; then mv "$N" "$K" || exit 9; fi
    if held; then
      locked=1
      return 0
    fi
    scrap "$N" "$K/\${N##*/}"
    if ! there "$K"; then continue; fi
    stale || break
    fence
    break_lock
  done
  finish locked "$(cat "$K/holder" 2>/dev/null)"
}
break_lock() {
  n=$(field "$K" nonce)
  mv "$K" "$G" 2>/dev/null || return 0
  # Released and taken by somebody else between the look and the move: theirs goes back.
  if [ "$(field "$G" nonce)" != "$n" ] && ! there "$K"; then mv "$G" "$K"; fi
  scrap "$G"
}
unlock() {
  if [ -z "$locked" ]; then return 0; fi
  locked=
  if held; then mv "$K" "$G" && scrap "$G"; fi
}
`;
