/**
 * Before rsync: the claim, and the folders it writes to. `temp.<nonce>` is rsync's folder for files that are being
 * received; taking an earlier one away stops an rsync that is still there (it can no longer move a file into the tree),
 * and what it had received is not lost: it becomes a partial file. Extra variable: source_line.
 */
export const PREPARE_SCRIPT = `
enter
claim
if [ ! -d "$J/tree" ]; then
  mkdir "$J/tree" || exit 9
  chmod 755 "$J/tree" || exit 9
fi
mkdir -p "$J/partial" || exit 9
for t in "$J"/temp.*; do
  [ -d "$t" ] || continue
  k=$((k + 1))
  aside=$J/trash.$nonce.$k
  mv "$t" "$aside" || exit 9
  # rsync's name for an unfinished file: .NAME.XXXXXX
  for f in "$aside"/.*.??????; do
    [ -s "$f" ] || continue
    n=\${f##*/}
    n=\${n#.}
    p=$J/partial/\${n%.??????}
    if [ ! -e "$p" ] || [ "$f" -nt "$p" ]; then mv -f "$f" "$p"; fi
  done
done
scrap "$J"/trash.*
mkdir "$J/temp.$nonce" || exit 9
link=no
if [ -d "$F" ] && [ ! -L "$F" ] && says "$source_line"; then link=yes; fi
finish ready "$(pwd -P)" "$link"
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
  trash "$J/tree" "$J/partial" "$J"/temp.* || exit 9
  scrap "$J" || exit 9
fi
finish done
`;
