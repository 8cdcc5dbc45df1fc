import { SCRAPS_SCRIPT } from './scraps-script.ts';

/**
 * Lists a tree: T is `$J/tree` (after a claim, where there is staging) or `$F`. First `listing`, so that hashing can begin, then
 * for each entry its type as find prints it, size, name with `./`, target of a symlink; `end` at last.
 *
 * BusyBox and BSD have no -printf: there stat gives modes and sizes as lines without names, in the order of its arguments.
 * `.longhaul` directly below the root is no part of the tree.
 */
export const LIST_SCRIPT = `
enter
if [ "$where" = staging ] && [ -d "$J" ]; then
  claim
  unlock
fi
# A result is made of one tree by a rename: what is mounted into it is none of that, and may be the source itself, which lies on this machine.
inside() {
  at=$(cd "$T" && pwd -P) || exit 9
  at=$(printf '%s\\n' "$at" | sed -e 's/\\\\/\\\\134/g' -e 's/ /\\\\040/g')
  sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\([^ ]*\\) .*/\\1/' /proc/self/mountinfo 2>/dev/null | while IFS= read -r point; do
    case $point in "$at"/*) printf '%s\\n' "$point" ;; esac
  done
}
if [ "$where" = final ] && [ -d "$T" ]; then
  point=$(inside | head -n 1)
  if [ -n "$point" ]; then fail config "something is mounted at $point, inside a result: what is seen there is not what was sent, and may be the source itself"; fi
fi
reply listing
if [ -d "$T" ] && [ ! -L "$T" ]; then
  cd "$T" || exit 9
  if find . -prune -printf '' 2>/dev/null; then
    find . -mindepth 1 -path ./.longhaul -prune -o -printf '%y\\0%s\\0%p\\0%l\\0' || exit 9
  else
    find . -path ./.longhaul -prune -o -print0 | xargs -0 sh -c '
      modes() { stat -c %f:%s -- "$@" 2>/dev/null || stat -f %Xp:%z -- "$@"; }
      modes "$@" | { for x do
        IFS=: read -r m s || exit 1
        t=o l=
        case $m in
          4???) t=d ;;
          8???) t=f ;;
          [aA]???) t=l; l=$(readlink -- "$x"; echo x) ;;
        esac
        [ "$x" = . ] || printf "%s\\\\0%s\\\\0%s\\\\0%s\\\\0" "$t" "$s" "$x" "\${l%?x}"
      done; }' sh || exit 9
  fi
fi
reply end
`;

/**
 * Hashes the files whose names come on stdin, NUL after each, all from one tree. `hasher` is one of our own words. Names with
 * newline, CR or backslash are escaped by some programs and not by others, so those come one by one (`position`): a line each,
 * in their order, `-` where there is no hash.
 *
 * `watch`: once a second, where there is a /proc, how far the program has read its file, between two NULs. Programs that buffer what they print (BusyBox) may
 * have the second half of a line still to print: NULs are in no line, so whoever reads takes them out again, wherever they stand. All of it is one write.
 */
export const HASH_SCRIPT = `
enter
positions() {
  read -r me x x parent x </proc/self/stat
  # Nothing that may outlive this holds the output open.
  while sleep 1 >/dev/null && [ -d "/proc/$parent" ]; do
    most=0
    children=
    read -r children <"/proc/$parent/task/$parent/children"
    for child in $children; do
      programs=
      if [ "$child" != "$me" ]; then read -r programs <"/proc/$child/task/$child/children"; fi
      for program in $programs; do
        for info in "/proc/$program/fdinfo/"[3-9]; do
          word= at=
          read -r word at <"$info"
          if [ "$word" = pos: ] && [ "$at" -gt "$most" ]; then most=$at; fi
        done
      done
    done
    if [ "$most" != 0 ]; then printf '\\0%s\\0' "$most"; fi
  done
}
# Nothing there: the listing says so.
if [ ! -d "$T" ]; then exit 0; fi
cd "$T" || exit 9
case $how in
  name)
    watcher=
    if [ "$watch" = yes ] && [ -r /proc/self/fdinfo/0 ]; then
      positions </dev/null 2>/dev/null &
      watcher=$!
    fi
    xargs -0 $hasher
    if [ -n "$watcher" ]; then { kill "$watcher"; wait "$watcher"; } 2>/dev/null; fi ;;
  position) xargs -0 -n 1 sh -c 'h=$1; $h <"$2" || echo -' sh "$hasher" ;;
esac
exit 0
`;

/**
 * Whether there is room and whether this account may write. The test write is synced: quotas and full disks often say so only then.
 */
export const PROBE_SCRIPT: string = `${SCRAPS_SCRIPT}
enter
if [ "$touch" = test_write ]; then
  made=
  if [ ! -d "$B" ]; then made=1; fi
  mkdir -p "$B" || exit 9
  sweep_scraps
  make_mark
  f=$B/.probe.$mark
  trap 'rm -f "$f"; if [ -n "$made" ]; then rmdir "$B" 2>/dev/null; fi' EXIT
  trap 'exit 9' HUP INT PIPE TERM
  head -c 4096 /dev/zero >"$f" || exit 9
  sync "$f" 2>/dev/null || :
  if [ "$(wc -c <"$f")" -ne 4096 ]; then
    echo 'No space left on device: the test write was cut short' >&2
    exit 9
  fi
fi
set -- $(df -P -k . | sed -n 's/.* \\([0-9][0-9]*\\)  *[0-9][0-9]*  *\\([0-9][0-9]*\\)  *[0-9][0-9]*% .*/\\1 \\2/p') '' ''
version() { "$@" 2>/dev/null | sed -n 1p; }
reply probed "$2" "$1" "$(version rsync --version)" "$(version sha256sum --version)" "$(version openssl version)" "$(uname -sr)"
`;

/** Tries names out in a folder of its own. They come on stdin as \`<number>/<name>\`, NUL after each; those that are there afterwards go back. */
export const NAMES_SCRIPT: string = `${SCRAPS_SCRIPT}
enter
mkdir -p "$B" || exit 9
make_mark
d=$B/.names.$mark
start=$(pwd -P)
trap 'cd -- "$start"; scrap "$d"' EXIT
trap 'exit 9' HUP INT PIPE TERM
mkdir "$d" || exit 9
cd "$d" || exit 9
mkdir fold samples || exit 9
: >fold/Letter-Case || exit 9
true >fold/"$composed" 2>/dev/null
letter=kept form=kept link=kept
if [ -e fold/lETTER-cASE ]; then letter=ignored; fi
if [ -e fold/"$decomposed" ]; then form=ignored; fi
ln -s nowhere fold/link 2>/dev/null || link=refused
cd samples || exit 9
xargs -0 sh -c 'for x do mkdir "\${x%%/*}" && true >"$x"; done; exit 0' sh 2>/dev/null
reply tried "$letter" "$form" "$link"
find . -type f -print0 || exit 9
# Taken away meanwhile, by whoever thought that nobody uses it: then nothing was tried.
if [ ! -d "$start/$d/samples" ]; then
  echo 'the folder for trying names out was taken away' >&2
  exit 9
fi
reply end
`;
