/** Shells that {@link shellScript} knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What a shell needs to complete `longhaul`. It knows no command and no option: the program is asked at each Tab, so that it never
 * grows old. Where there is no candidate the shell completes files.
 */
export function shellScript(shell: Shell): string {
  return SCRIPTS[shell];
}

/** Also for bash 3.2 of macOS: no mapfile. */
const BASH = `# longhaul: completion for bash. Load it with: eval "$(longhaul completion bash)"
_longhaul() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(longhaul complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _longhaul longhaul
`;

const ZSH = `#compdef longhaul
# longhaul: completion for zsh. Load it after compinit with: eval "$(longhaul completion zsh)"
_longhaul() {
  local -a candidates
  candidates=(\${(f)"$(longhaul complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then
    compadd -a candidates
  else
    _files
  fi
}
compdef _longhaul longhaul
`;

const FISH = `# longhaul: completion for fish. Load it with: longhaul completion fish | source
complete -c longhaul -k -a '(longhaul complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
