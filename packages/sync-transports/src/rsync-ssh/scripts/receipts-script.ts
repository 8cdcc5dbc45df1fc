/** The newest link of the chain, with its receipt. */
export const HEAD_SCRIPT = `
enter
if ! there "$B" && ! there "$R"; then
  reply untouched
  exit 0
fi
last=$(ls "$R" 2>/dev/null | grep -E '^[0-9]{12,15}$' | tail -n 1)
if [ -z "$last" ]; then
  reply empty
else
  reply link "$last"
  if [ -f "$R/$last/longhaul.json" ]; then tr -d '\\000' <"$R/$last/longhaul.json" || exit 9; fi
  printf '\\0'
fi
`;

/**
 * Every link (\`link\`, name, whether there is a receipt in it, the receipt), then every result below the root (\`result\`, its name with \`./\`, its receipt);
 * results are not looked into. \`unreadable\` and a name: whether results are in that folder is unknown. \`end\` at last.
 */
export const RECEIPTS_SCRIPT = `
enter
content() {
  tr -d '\\000' <"$1" || exit 9
  printf '\\0'
}
reply listing
for l in "$R"/*; do
  if [ -f "$l/longhaul.json" ]; then
    reply link "\${l##*/}" there
    content "$l/longhaul.json"
  elif [ -d "$l" ]; then
    reply link "\${l##*/}" missing ''
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
      content "$x/.longhaul/longhaul.json"
    else
      walk "$x"
    fi
  done
}
walk .
reply end
`;
