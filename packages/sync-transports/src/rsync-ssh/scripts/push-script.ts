import { STARTED_SCRIPT } from './scraps-script.ts';

/** tar reads and writes so many blocks of 512 bytes at a time: 128 KiB instead of 10. */
export const BLOCKING_FACTOR = 256;

/**
 * Before rsync: the claim, and the folders it writes to. `push.<epoch>.<nonce>` is the leave to begin: an rsync of an earlier push
 * that is still there is ended, one that has not begun yet will not (LEAVE_SCRIPT). Extra variable: source_line. The last field says whether
 * the tree was made just now, and takes nothing from the modes of what is put into it, nor gives it a group of its own: a default ACL does the one, and tar of
 * an account that is not root leaves it at that; setgid or a mount with grpid the other.
 */
export const PREPARE_SCRIPT = `
enter
claim
tree=old
if [ ! -d "$J/tree" ]; then
  mkdir "$J/tree" || exit 9
  chmod 755 "$J/tree" || exit 9
  (umask 0 && mkdir "$J/trash.$nonce.bare") || exit 9
  case $(ls -ld "$J/trash.$nonce.bare") in drwxrwxrwx*) if [ -G "$J/tree" ]; then tree=new; fi ;; esac
fi
mkdir -p "$J/partial" || exit 9
for s in "$J"/push.*; do
  if [ -d "$s" ]; then stop_push "$s"; fi
done
scrap_trash
mkdir "$J/push.$epoch.$nonce" || exit 9
link=no
if [ -d "$F" ] && [ ! -L "$F" ] && says "$source_line"; then link=yes; fi
finish ready "$(pwd -P)" "$link" "$tree"
`;

/**
 * Before whatever writes into the tree: who it is stands in the push's folder, $d; without the folder it is not allowed to begin. It looks once more behind
 * that: whoever took the folder away while the line was being written could not read it, and has ended nobody.
 */
const LEAVE_SCRIPT: string = `${STARTED_SCRIPT}
d=$(printf %b "$d")
t=$(started $$)
if ! { [ -d "$d" ] && (printf '%s %s\\n' "$$" "$t" >"$d/pid") 2>/dev/null && [ -f "$d/pid" ]; }; then
  echo 'longhaul: this push has been replaced by a later one' >&2
  exit 9
fi
`;

/** Becomes rsync there, by way of `--rsync-path`. $d: the push's folder; $r: rsync. */
export const RSYNC_WRAPPER: string = `${LEAVE_SCRIPT}
exec "$r" "$@"
`;

/**
 * Becomes tar there. $d: the push's folder; $r: the tree. Folders get their times and modes last: with names in the order of their bytes, `a-b` stands
 * between `a` and `a/c`.
 */
export const UNPACK_WRAPPER: string = `${LEAVE_SCRIPT}
unset TAR_OPTIONS POSIXLY_CORRECT
LC_ALL=C
export LC_ALL
cd "$r" || exit 9
exec tar -x -p -f - -b ${String(BLOCKING_FACTOR)} --delay-directory-restore --warning=no-timestamp
`;

/** Deletes from the tree what comes on stdin, NUL after each name. */
export const PRUNE_SCRIPT = `
enter
if [ -d "$J" ]; then
  claim
  if [ -d "$J/tree" ]; then
    cd "$J/tree" || exit 9
    xargs -0 sh -c '
      rm -rf -- "$@" 2>/dev/null && exit 0
      for x do
        d=\${x%/*}
        closed=
        if [ -d "$d" ] && [ ! -w "$d" ]; then closed=1; chmod u+w "$d"; fi
        if [ -d "$x" ] && [ ! -L "$x" ]; then find "$x" -type d -exec chmod u+rwx {} \\;; fi
        rm -rf -- "$x" || bad=1
        if [ -n "$closed" ]; then chmod u-w "$d"; fi
      done
      [ -z "$bad" ]' sh || exit 9
    cd - >/dev/null || exit 9
  fi
fi
finish done
`;

/** Deletes a job's staging, and its lock whichever of its claims took it. Nothing published is touched. */
export const REMOVE_SCRIPT = `
enter
trap '' PIPE HUP
if [ -d "$J" ]; then
  claim
  if [ "$(field "$K" host)" = "$host" ] && [ "$(field "$K" job)" = "$job" ] && [ "$(field "$K" epoch)" -le "$epoch" ]; then break_lock; fi
  trash "$J/tree" "$J/partial" || exit 9
  clear_spent >/dev/null || exit 9
  scrap_job || exit 9
fi
finish done
`;
