/** `longhaul exec`: a program beside the job, with the job's directory and environment. Values come from the 0600 file, never from argv. */
export const EXEC_SCRIPT = `# Longhaul: a program beside the job. $1: the run's directory; the rest: its argv. TERM is the caller's.
. "$1/launch.conf"
shift
cd "$lh_dir" || { printf 'longhaul: the working directory cannot be entered: %s\\n' "$lh_dir" >&2; exit 126; }
[ -r "$lh_env" ] || { printf 'longhaul: the environment of the session is gone\\n' >&2; exit 126; }
. "$lh_env" 2>/dev/null
# A job of an earlier version has no such name: its environment is its own.
[ "$LONGHAUL_RUN_ID" = "\${lh__env:-$lh__id}" ] || { printf 'longhaul: the environment belongs to a later run\\n' >&2; exit 126; }
LONGHAUL_RUN_ID=$lh__id
exec "$@"
`;
