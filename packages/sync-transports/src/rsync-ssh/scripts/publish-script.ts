/**
 * Publish, step by step as PROTOCOL.md has it; each step can be the last one that happens. Extra variables: sizes (name:bytes
 * of each metadata file, whose contents come on stdin one after the other), generation, source_line, seal_line, L (the link of the
 * chain that this result is to be: `overtaken` where somebody else has taken it). `parents`
 * calls `$1` with each parent of the final name, from the top.
 *
 * Once the script runs it runs to its end, even if the connection is lost: half of it would only be work for the next claim.
 */
export const PUBLISH_SCRIPT = `
enter
trap '' PIPE HUP
tree=
published=
write_metadata() {
  d=$J/tree/.longhaul
  mkdir -p "$d" || exit 9
  cat >"$d/received.new" || exit 9
  at=1
  for item in $sizes; do
    file=$d/\${item%:*}
    bytes=\${item#*:}
    tail -c "+$at" "$d/received.new" | head -c "$bytes" >"$file.new" || exit 9
    if [ "$(wc -c <"$file.new")" -ne "$bytes" ]; then
      echo 'the connection ended before the metadata was here' >&2
      exit 9
    fi
    at=$((at + bytes))
  done
  rm -f "$d/received.new" || exit 9
  for item in $sizes; do
    file=$d/\${item%:*}
    mv -f "$file.new" "$file" || exit 9
  done
  # What is proven must outlive a power failure: all of it is on the disk before anybody sees it.
  sync -f "$J/tree" 2>/dev/null || sync
}
obstacle() {
  if ! there "$1"; then return 0; fi
  if [ -L "$1" ] || [ ! -d "$1" ]; then finish conflict no-folder "$1"; fi
  if [ -e "$1/.longhaul/longhaul.json" ]; then finish conflict result "$1"; fi
}
judge() {
  parents obstacle
  if ! there "$F"; then
    if [ -z "$tree" ]; then fail unknown "nothing is staged for job $job"; fi
    return 0
  fi
  if [ -L "$F" ] || [ ! -f "$receipt" ]; then finish conflict foreign; fi
  n=$(sed -n 's/^  "generation": \\([0-9][0-9]*\\),$/\\1/p' "$receipt")
  if ! says '  "schemaVersion": 1,' || [ -z "$n" ] || [ "$(tail -n 1 "$receipt")" != '}' ]; then finish conflict damaged; fi
  if ! says "$source_line"; then finish conflict receipt "$(cat "$receipt")"; fi
  if [ -z "$tree" ] && says "$job_line" && says "$seal_line"; then
    published=1
  elif [ "$n" -gt "$generation" ]; then
    finish fenced "generation $n is in place already; this is generation $generation"
  elif [ -z "$tree" ]; then
    fail unknown "nothing is staged for job $job"
  fi
}
make_parent() {
  parent=$1
  [ -d "$1" ] || mkdir "$1" || [ -d "$1" ] || exit 9
}
# Intent before effect: the chain holds the receipt before the result takes its name. mv into a link that somebody made in between nests.
announce() {
  a=$B/.link.$mark
  # Where the tree is gone, another has published it while this one stood still.
  if ! { mkdir -p "$R" && scrap "$a" && mkdir "$a" && cp "$J/tree/.longhaul/longhaul.json" "$a/longhaul.json"; }; then
    scrap "$a"
    exit 9
  fi
  if there "$L" || ! mv "$a" "$L" || there "$L/\${a##*/}"; then
    scrap "$a" "$L/\${a##*/}"
    there "$L" || exit 9
    finish overtaken
  fi
}
device() { stat -c %d -- "$1" 2>/dev/null || stat -f %d -- "$1"; }
confirm() { held || finish fenced "the lock of the final name was taken from job $job, epoch $epoch"; }

claim
reached claim
if [ -d "$J/tree" ]; then
  tree=1
  write_metadata
fi
reached metadata
lock
reached lock
judge
reached judge
if [ -z "$published" ]; then
  parent=.
  parents make_parent
  if [ "$(device "$B")" != "$(device "$parent")" ]; then fail config "$parent lies on another file system than the destination's folder"; fi
  reached parents
  confirm
  announce
  reached announce
  confirm
  moved=1
  mkdir "$S" || exit 9
  mv "$J/tree" "$S/tree" || exit 9
  reached stage-in
  confirm
  if there "$F"; then mv "$F" "$S/old" || exit 9; fi
  reached old-aside
  confirm
  if there "$F"; then finish conflict race; fi
  mv "$S/tree" "$F" || exit 9
  if there "$S/tree" || ! mine; then
    # A folder came to be there in between, and mv went into it.
    if [ -e "$F/tree/.longhaul/longhaul.json" ]; then mv "$F/tree" "$S/tree"; fi
    finish conflict race
  fi
  moved=
  sync -f "$parent" 2>/dev/null || sync
  reached reveal
fi
unlock
reached unlock
if there "$S/old"; then spend "$S/old"; fi
if kept=$(clear_spent 2>&1); then
  leftover=$( { trash "$S" && scrap_job; } 2>&1)
else
  leftover=$kept
  kept=
fi
reached sweep
if ! there "$J"; then leftover=; fi
finish published "$leftover" "$kept"
`;

/** What lies at a final name. */
export const RECEIPT_SCRIPT = `
enter
F_receipt=$F/.longhaul/longhaul.json
look_above() {
  if ! there "$1"; then
    reply none
    exit 0
  fi
  if [ -L "$1" ] || [ ! -d "$1" ] || [ -e "$1/.longhaul/longhaul.json" ]; then
    reply foreign
    exit 0
  fi
}
parents look_above
if ! there "$F"; then
  reply none
elif [ -L "$F" ] || [ ! -f "$F_receipt" ]; then
  reply foreign
else
  reply receipt
  cat "$F_receipt" || exit 9
  printf '\\0'
fi
`;
