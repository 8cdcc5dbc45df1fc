/**
 * The shell inside script(1): parent of the job, leader of its session. It is in the job's process group, so it catches what the
 * job is sent, and it writes down how the job ended.
 */
export const INNER_SCRIPT = `# Longhaul: the parent of the job. Read inside script(1), in the run's directory.
trap '' HUP
trap : INT QUIT TERM USR1 USR2 ALRM ABRT
umask 077
. "$lh_lib/record.sh"
[ "\${lh_turn-}" = second ] || lh_take_turn || exit 1

# What the shell itself says goes to a file: it says something where a signal ended the job, and nothing where the job exited
# with 128 + n. INT and PIPE are never told.
exec 3>&2 2<>shell.err
# HUP is ignored here, others may be since the terminal's server was started, and a shell cannot undo what it inherited. Each of
# these can; the last one leaves it as it is.
for lh_how in env perl python3 plain; do
  case $lh_how in
    env) env --default-signal "$lh_shell" "$lh_lib/job.sh" ;;
    perl) perl -e '$SIG{$_} = "DEFAULT" for grep { !/^(?:KILL|STOP|NUM|__)/ } keys %SIG; exec {$ARGV[0]} @ARGV; exit 127' "$lh_shell" "$lh_lib/job.sh" ;;
    python3) python3 -c 'import os, signal, sys
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$lh_shell" "$lh_lib/job.sh" ;;
    plain) "$lh_shell" "$lh_lib/job.sh" ;;
  esac
  lh_code=$?
  [ -e began ] && break
  exec 2>shell.err
done

# The job has ended: nothing that is meant for it may end what writes it down. Programs started from here inherit this.
trap '' INT QUIT TERM USR1 USR2 ALRM ABRT

lh_now
# Whether a stop that holds the terminal is still at it: it says who it is. One that does not, or of another PID namespace, counts as long as it may.
lh_held() {
  [ -e stop.hold ] || return 1
  lh_holder= lh_holder_time= lh_holder_boot=
  { read -r lh_holder; read -r lh_holder_time; read -r lh_holder_boot; } 2>/dev/null < stop.hold
  [ "$lh_holder_boot" = "$lh_boot" ] || return 0
  lh_lives "$lh_holder" "$lh_holder_time"
}
# The terminal goes with this shell. Others that were asked to end may still be busy with that (design §4.5).
lh_count=0
while lh_held && [ "$lh_count" -lt 6000 ]; do
  lh_count=$((lh_count + 1))
  sleep 0.05 2>/dev/null || sleep 1
done

# Never executed: finish.sh says why. Or executed by another shell, in whose record we have nothing to write.
if [ ! -e start.json ] || [ -e refused ]; then exit 1; fi
lh_pids
[ "$lh_parent" = $$ ] || exit 1

lh_reason=exit
lh_signal=null
if [ "$lh_code" -gt 128 ]; then
  { read -r lh_said < shell.err; } 2>/dev/null
  if [ -n "$lh_said" ]; then
    lh_name=$(kill -l $((lh_code - 128)) 2>/dev/null)
    case $lh_name in
      '' | *[!A-Z0-9+-]*) ;;
      *) lh_signal="\\"SIG$lh_name\\"" lh_reason=signal ;;
    esac
  fi
fi
lh_by=null
if [ -e stop.json ]; then
  lh_reason=stopped
  lh_who_stopped
fi
printf '{"schemaVersion":1,"exitCode":%s,"signal":%s,"oomKilled":null,"endedAt":"%s","reason":"%s","stoppedBy":%s}\\n' \\
  "$lh_code" "$lh_signal" "$lh_date" "$lh_reason" "$lh_by" 1<>job.slot
lh_sync job.slot
mv job.slot job.json
exit "$lh_code"
`;
