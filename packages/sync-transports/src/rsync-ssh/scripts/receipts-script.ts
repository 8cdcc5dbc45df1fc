/** The newest link of the chain, with its receipt and that of the oldest. */
export const HEAD_SCRIPT = `
enter
if ! there "$B" && ! there "$R"; then
  reply untouched
  exit 0
fi
links=$(ls "$R" 2>/dev/null | grep -E '^[0-9]{12,15}$')
last=$(printf '%s\\n' "$links" | tail -n 1)
first=$(printf '%s\\n' "$links" | head -n 1)
if [ -z "$last" ]; then
  reply empty
else
  reply link "$last"
  for l in "$last" "$first"; do
    if [ -f "$R/$l/longhaul.json" ]; then tr -d '\\000' <"$R/$l/longhaul.json" || exit 9; fi
    printf '\\0'
  done
fi
`;

/**
 * Every link (`link`, name, whether there is a receipt in it), then every result below the root (`result`, its name with `./`); results are not looked
 * into. `unreadable` and a name: whether results are in that folder is unknown. `end` at last. No program is started for any of them.
 */
export const RECEIPTS_SCRIPT = `
enter
reply listing
for l in "$R"/*; do
  if [ -f "$l/longhaul.json" ]; then
    reply link "\${l##*/}" there
  elif [ -d "$l" ]; then
    reply link "\${l##*/}" missing
  fi
done
# The shell keeps no x of its own for each call: it is set anew by the loop before it is read.
walk() {
  for x in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -L "$x" ] || [ ! -d "$x" ]; then continue; fi
    case $x in ./.longhaul*) continue ;; esac
    if [ ! -r "$x" ] || [ ! -x "$x" ]; then
      reply unreadable "$x"
    elif [ -e "$x/.longhaul/longhaul.json" ]; then
      reply result "$x"
    else
      walk "$x"
    fi
  done
}
walk .
reply end
`;

/**
 * The receipts whose names come on stdin, NUL after each, some hundred by one program. For each batch: `batch`, how many, a line of stat for each (which
 * file it is, and its size last), all contents one after the other without NULs, and the lines of stat once more: where those differ, or the sizes are not
 * what came, a receipt was replaced meanwhile, and they are read one by one (`how` single: `one`, content; `none` where it is gone).
 */
export const READ_RECEIPTS_SCRIPT = `
enter
case $how in
  batch) xargs -0 -n 400 sh -c '
    if stat -c %s . >/dev/null 2>&1; then
      look() { stat -L -c "%d %i %Y %s" -- "$@" 2>/dev/null; }
    else
      look() { stat -L -f "%d %i %m %z" -- "$@" 2>/dev/null; }
    fi
    printf "batch\\\\0%s\\\\0" "$#"
    look "$@"
    printf "\\\\0"
    cat -- "$@" 2>/dev/null | tr -d "\\\\000"
    printf "\\\\0"
    look "$@"
    printf "\\\\0"' sh || exit 9 ;;
  single) xargs -0 -n 1 sh -c '
    if [ -e "$1" ]; then
      c=$(tr -d "\\\\000" <"$1" && echo x) || exit 9
      printf "one\\\\0%s\\\\0" "\${c%x}"
    else
      printf "none\\\\0\\\\0"
    fi' sh || exit 9 ;;
esac
reply end
`;
