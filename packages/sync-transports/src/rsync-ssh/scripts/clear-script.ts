/** A decoder of percent-encoded paths (inventory.jsonl) into words of `printf %b`: nothing else of a path is special there. */
const PERCENT = Array.from({ length: 255 }, (_, index) => index + 1)
  .map((byte) => `s/%${byte.toString(16).toUpperCase().padStart(2, '0')}/\\\\0${byte.toString(8).padStart(3, '0')}/g`)
  .join('\n');

/**
 * `clear_spent`: takes results apart that others have replaced (PROTOCOL.md, "What others put into a result"), says where what is left of them is kept, a
 * place a line. What the result's own manifest names is deleted, if it still is what is named there; a few programs do it, whatever the number of files.
 * Variables: those of CLAIM_SCRIPT, and kept_at (the first name to try for what is kept).
 *
 * Names are words of `printf %b` here (known), so that one with a newline is a line, too. `take` meets what is known with what find sees, which follows no
 * symlink and enters no other file system; the few names that find could not print as one line are looked at by themselves (careful). Where something is
 * mounted below, which find may not notice, nothing is deleted at all.
 */
export const CLEAR_SCRIPT: string = `
c_percent='/%/!b
${PERCENT}'
c_newline='
'
mounted() { grep -qF -e "/$1" /proc/self/mountinfo 2>/dev/null; }
known() {
  case $1 in
    f) sed -n -e 's/^[0-9a-f]\\{64\\}  \\(\\.\\/\\)\\{0,1\\}/.\\//p' -e 's/^\\\\[0-9a-f]\\{64\\}  /.\\//p' .longhaul/checksums.sha256 ;;
    l) sed -n 's/^{"path":"\\([^"]*\\)","type":"symlink".*/.\\/\\1/p' .longhaul/inventory.jsonl | sed "$c_percent" ;;
    d) sed -n 's/^{"path":"\\([^"]*\\)","type":"dir".*/.\\/\\1/p' .longhaul/inventory.jsonl | sed "$c_percent" ;;
  esac
}
decode() { while IFS= read -r c_word; do printf '%b\\n' "$c_word"; done; }
careful() {
  while IFS= read -r c_word; do
    c_name=$(printf '%b.' "$c_word")
    c_name=\${c_name%.}
    c_above=\${c_name%/*}
    while [ "$c_above" != . ]; do
      if [ -L "$c_above" ]; then continue 2; fi
      c_above=\${c_above%/*}
    done
    case $c_type in
      f) [ -f "$c_name" ] && [ ! -L "$c_name" ] || continue ;;
      l) [ -L "$c_name" ] || continue ;;
    esac
    printf '%s\\0' "$c_name"
  done
}
take() {
  c_type=$1
  shift
  known "$c_type" | grep -F -e '\\n' -e '\\0012' | sort -ru | careful | xargs -0 "$@"
  {
    {
      known "$c_type" | grep -vF -e '\\'
      known "$c_type" | grep -F -e '\\' | grep -vF -e '\\n' -e '\\0012' | decode
    } | sort -u
    find . -xdev -name "*$c_newline*" -prune -o -type "$c_type" -print
  } | sort -r | uniq -d | tr '\\n' '\\0' | xargs -0 "$@"
}
clear_result() {
  find . -xdev -type d ! -perm -700 -exec chmod u+rwx {} \\;
  take l rm -f --
  take f rm -f --
  take d rmdir --
}
clear_spent() {
  for c_old in "$J"/spent.*; do
    [ -d "$c_old" ] || continue
    # What cannot be deleted is kept, like what is not ours.
    if ! mounted "$c_old/"; then (cd "$c_old" && clear_result) >/dev/null 2>&1; fi
    if [ ! -L "$c_old/.longhaul" ]; then
      rm -f "$c_old/.longhaul/longhaul.json" "$c_old/.longhaul/checksums.sha256" "$c_old/.longhaul/inventory.jsonl" 2>/dev/null
      rmdir "$c_old/.longhaul" 2>/dev/null
    fi
    rmdir "$c_old" 2>/dev/null
    there "$c_old" || continue
    c_at=$kept_at
    c_try=1
    while there "$c_at"; do
      c_try=$((c_try + 1))
      c_at=$kept_at-$c_try
    done
    mv "$c_old" "$c_at" || return 1
    printf '%s\\n' "$c_at"
  done
}
# All of a job's staging, once nothing of a result is in it any more.
scrap_job() {
  if mounted "$J/"; then
    echo "something else is mounted below $J: it is left as it is" >&2
    return 1
  fi
  scrap "$J"
}
`;
