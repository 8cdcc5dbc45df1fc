/** What again.sh decides by, as functions: the same as `src/restart/restart-decision.ts` says in TypeScript, and a test holds the two against each other. */
export const LOOP_SCRIPT = `# Longhaul: whether a job is started again, and when. Functions only.

# lh_value: what stands behind "$2": in the JSON $1, quotes kept; null where it is not there. For our own records: no comma in their values.
lh_field() {
  lh_value=\${1#*"\\"$2\\":"}
  [ "$lh_value" != "$1" ] || { lh_value=null; return 0; }
  lh_value=\${lh_value%%[,\\}]*}
}

# lh_ms: milliseconds since 1970 of an ISO time in UTC; empty where $1 is none.
lh_epoch() {
  lh_ms=
  case $1 in [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z) ;; *) return 0 ;; esac
  lh_rest=\${1%Z}
  lh_part=\${lh_rest#*T??:??:??}
  lh_part=\${lh_part#.}000
  lh_cut=\${lh_part#???}
  lh_part=\${lh_part%"$lh_cut"}
  lh_ifs=$IFS
  IFS='-T:.'
  set -- $lh_rest
  IFS=$lh_ifs
  # A number with a zero before it is octal to sh.
  lh_month=$((1$2 - 100))
  lh_year=$(($1 - (lh_month < 3)))
  lh_day=$((lh_year * 365 + lh_year / 4 - lh_year / 100 + lh_year / 400 + (153 * ((lh_month + 9) % 12) + 2) / 5 + 1$3 - 101 - 719468))
  lh_ms=$((((lh_day * 24 + 1$4 - 100) * 60 + 1$5 - 100) * 60000 + (1$6 - 100) * 1000 + 1$lh_part - 1000))
}

# lh_what: again, or why not; lh_row: restarts in a row before the next one. $1: mode, $2: most restarts in a row or nothing,
# $3: restarts in a row so far, $4: milliseconds after which a new row begins, $5: attempt, $6: reason, $7: exit code, $8: milliseconds that it lived, or nothing.
lh_decide() {
  lh_row=$3
  case $6 in
    stopped) lh_what=stopped; return 0 ;;
    start-failed) [ "$5" -gt 1 ] || { lh_what=not-started; return 0; } ;;
    exit) if [ "$1" = on-failure ] && [ "$7" = 0 ]; then lh_what=succeeded; return 0; fi ;;
  esac
  if [ -n "$8" ] && [ "$8" -ge "$4" ]; then lh_row=0; fi
  if [ -n "$2" ] && [ "$lh_row" -ge "$2" ]; then lh_what=gave-up; else lh_what=again; fi
}

# lh_delay: milliseconds before the next attempt. $1: restarts in a row before it, $2: the first delay, $3: the longest, $4: chance, 0 to 999.
lh_growing() {
  lh_delay=$2
  lh_count=$1
  while [ "$lh_count" -gt 0 ] && [ "$lh_delay" -lt "$3" ]; do
    lh_delay=$((lh_delay * 2))
    lh_count=$((lh_count - 1))
  done
  [ "$lh_delay" -le "$3" ] || lh_delay=$3
  lh_delay=$((lh_delay - lh_delay / 4 * $4 / 999))
}

# lh_char: the digit of value $1.
lh_digit() {
  lh_at=$1
  set -- 0 1 2 3 4 5 6 7 8 9 A B C D E F G H J K M N P Q R S T V W X Y Z
  shift "$lh_at"
  lh_char=$1
}

# lh_id: a run id of the moment $1 (milliseconds since 1970), from sixteen random numbers that follow.
lh_run_id() {
  lh_id=
  lh_time_left=$1
  shift
  lh_count=0
  while [ "$lh_count" -lt 10 ]; do
    lh_digit $((lh_time_left % 32))
    lh_id=$lh_char$lh_id
    lh_time_left=$((lh_time_left / 32))
    lh_count=$((lh_count + 1))
  done
  for lh_number in "$@"; do
    lh_digit $((lh_number % 32))
    lh_id=$lh_id$lh_char
  done
}
`;
