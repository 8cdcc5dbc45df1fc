import { LITTER_FILES, LITTER_FOLDERS } from '../../protocol/litter.ts';

/** A decoder of percent-encoded paths (inventory.jsonl) into words of `printf %b`: nothing else of a path is special there. */
const PERCENT = Array.from({ length: 255 }, (_, index) => index + 1)
  .map((byte) => `s/%${byte.toString(16).toUpperCase().padStart(2, '0')}/\\\\0${byte.toString(8).padStart(3, '0')}/g`)
  .join('\n');

/** Of `find`: what isLitter and isLitterFolder say. */
const IN_LITTER = LITTER_FOLDERS.map((name) => `-path '*/${name}/*'`).join(' -o ');
const LITTER = [...LITTER_FILES.map((name) => `-name '${name}'`), IN_LITTER].join(' -o ');
const LITTER_PLACES = [...LITTER_FOLDERS.map((name) => `-name '${name}'`), IN_LITTER].join(' -o ');

/**
 * `clear_spent`: takes results apart that others have replaced (PROTOCOL.md, "What others put into a result"), says where what is left of them is kept, a
 * place a line. What the result's own manifest names is deleted, if it still is what was sealed; a few programs do it, whatever the number of files.
 * Variables: those of CLAIM_SCRIPT, and kept_at (the first name to try for what is kept).
 *
 * `meet` puts lines of what is known beside lines of what is seen: of a file its size, seconds and name (`same`); of a symlink name and target (`l`); only a name
 * (`d`, and `touched`, which is hashed then). Names are words of `printf %b` until then (known), so that one with a newline is a line, too. find follows no symlink and enters no
 * other file system. The few names that it could not print as one line are looked at by themselves (careful), the few whose checksum is escaped are hashed one by
 * one (odd). Where something is mounted below, which find may not notice, nothing is deleted at all.
 */
export const CLEAR_SCRIPT: string = `
c_percent='/%/!b
${PERCENT}'
c_newline='
'
mounted() { grep -qF -e "/$1" /proc/self/mountinfo 2>/dev/null; }
of_inventory() { sed -n "$1" .longhaul/inventory.jsonl | sed "$c_percent"; }
known() {
  case $1 in
    same) of_inventory 's/^{"path":"\\([^"]*\\)","type":"file",.*"mtimeNs":"\\([0-9][0-9]*\\)[0-9]\\{9\\}","size":\\([0-9]*\\),.*/\\3 \\2 .\\/\\1/p' ;;
    touched) known hashed | sed 's/^[0-9a-f]*  //' ;;
    hashed) sed -n 's/^\\([0-9a-f]\\{64\\}\\)  \\(\\.\\/\\)\\{0,1\\}/\\1  .\\//p' .longhaul/checksums.sha256 ;;
    odd) sed -n 's/^\\\\\\([0-9a-f]\\{64\\}\\)  /\\1 .\\//p' .longhaul/checksums.sha256 ;;
    l) of_inventory 's/^{"path":"\\([^"]*\\)","type":"symlink",.*"target":"\\([^"]*\\)".*/.\\/\\1\\/\\/\\2/p' ;;
    d) of_inventory 's/^{"path":"\\([^"]*\\)","type":"dir".*/.\\/\\1/p' ;;
  esac
}
# No name has two slashes on end, and none of these has a newline: a line is one of them, whatever is in it.
seen() {
  c_what=$1
  set -- -xdev -name "*$c_newline*" -prune -o
  case $c_what in
    same)
      if find . -prune -printf '' 2>/dev/null; then
        find . "$@" -type f -printf '%s %T@ %p\\n' | sed 's/^\\([0-9]* [0-9]*\\)\\.[0-9]* /\\1 /'
      else
        find . "$@" -type f -print0 | xargs -0 sh -c 'stat -c "%s %Y %n" -- "$@" 2>/dev/null || stat -f "%z %m %N" -- "$@"' sh
      fi ;;
    touched) find . "$@" -type f -print ;;
    d) find . "$@" -type d -print ;;
    l)
      if find . -prune -printf '' 2>/dev/null; then
        find . "$@" -type l ! -lname "*$c_newline*" -printf '%p//%l\\n'
      else
        find . "$@" -type l -print | while IFS= read -r c_name; do
          c_target=$(readlink -- "$c_name")
          case $c_target in *"$c_newline"*) continue ;; esac
          printf '%s//%s\\n' "$c_name" "$c_target"
        done
      fi ;;
  esac
}
decode() { while IFS= read -r c_word; do printf '%b\\n' "$c_word"; done; }
meet() {
  {
    {
      known "$1" | grep -vF -e '\\'
      known "$1" | grep -F -e '\\' | grep -vF -e '\\0012' | decode
    } | sort -u
    seen "$1"
  } | sort -r | uniq -d
}
# A name of its own, with no symlink on the way to it.
own_name() {
  c_name=$(printf '%b.' "$1")
  c_name=\${c_name%.}
  c_above=\${c_name%/*}
  while [ "$c_above" != . ]; do
    if [ -L "$c_above" ]; then return 1; fi
    c_above=\${c_above%/*}
  done
}
careful() {
  known "$1" | grep -F -e '\\0012' | sort -ru | while IFS= read -r c_word; do
    own_name "\${c_word%%//*}" || continue
    if [ "$1" = l ]; then
      [ -L "$c_name" ] && [ "$(readlink -- "$c_name"; echo x)" = "$(printf '%b\\nx' "\${c_word#*//}")" ] || continue
    fi
    printf '%s\\0' "$c_name"
  done
}
odd() {
  known odd | while IFS= read -r c_line; do
    own_name "\${c_line#* }" || continue
    [ -f "$c_name" ] && [ ! -L "$c_name" ] || continue
    c_hash=$($c_hasher <"$c_name") || continue
    if [ "\${c_hash%% *}" = "\${c_line%% *}" ]; then printf '%s\\0' "$c_name"; fi
  done
}
# Of what differs in size or time only what its hash says is the sealed one: what somebody has edited is kept, and so is what cannot be hashed.
touched() {
  {
    known hashed | sort -u
    meet touched | tr '\\n' '\\0' | xargs -0 $c_hasher | sed 's/^\\([0-9a-f]\\{64\\}\\) [ *]/\\1  /'
  } | sort | uniq -d | sed 's/^[0-9a-f]*  //'
}
hasher() {
  if command -v sha256sum >/dev/null; then
    echo sha256sum
  elif command -v openssl >/dev/null; then
    echo openssl dgst -sha256 -r
  else
    echo shasum -a 256
  fi
}
# What systems litter every folder with is no reason to keep one.
drop_litter() {
  if [ -n "$(find . -path ./.longhaul -prune -o ! -type d ! \\( -type f \\( ${LITTER} \\) \\) -print)" ]; then return 0; fi
  find . -xdev -type f \\( ${LITTER} \\) -print0 | xargs -0 rm -f --
  find . -xdev -depth -type d \\( ${LITTER_PLACES} \\) -print0 | xargs -0 rmdir --
}
clear_result() {
  c_hasher=$(hasher)
  find . -xdev -type d ! -perm -700 -exec chmod u+rwx {} \\;
  careful l | xargs -0 rm -f --
  meet l | sed 's|//.*||' | tr '\\n' '\\0' | xargs -0 rm -f --
  meet same | sed 's/^[0-9]* [0-9]* //' | tr '\\n' '\\0' | xargs -0 rm -f --
  if [ -n "$(find . -path ./.longhaul -prune -o -type f -print)" ]; then
    touched | tr '\\n' '\\0' | xargs -0 rm -f --
    odd | xargs -0 rm -f --
    drop_litter
  fi
  careful d | xargs -0 rmdir --
  meet d | tr '\\n' '\\0' | xargs -0 rmdir --
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
