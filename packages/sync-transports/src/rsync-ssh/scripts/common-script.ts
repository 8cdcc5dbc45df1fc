/**
 * The head of every remote script. POSIX sh, so that dash, bash, ksh and BusyBox take it alike. Data comes in as variables
 * (shellAssignments), and every name below the root begins with `./` or a name of ours, so none is taken for an option.
 *
 * What a script has to say goes to stdout as fields that end in NUL; what a program of it says goes to stderr. Exit code 9:
 * a program failed, and stderr says how.
 */
export const COMMON_SCRIPT = `
LC_ALL=C
export LC_ALL
unset CDPATH
login_path=$PATH
PATH=$PATH:/usr/local/bin:/opt/bin:/opt/homebrew/bin
B=.longhaul-incoming
R=.longhaul-receipts
reached() { :; }
reply() { printf '%s\\0' "$@"; }
there() { [ -e "$1" ] || [ -L "$1" ]; }
enter() {
  case $root in
    '~') root=$HOME ;;
    '~/'*) root=$HOME/\${root#'~/'} ;;
  esac
  ls -d -- "$root/." >/dev/null || exit 9
  cd -- "$root" || exit 9
}
scrap() {
  rm -rf -- "$@" 2>/dev/null && return 0
  for x do
    if there "$x"; then find "$x" -type d -exec chmod u+rwx {} \\;; fi
  done
  rm -rf -- "$@"
}
`;

/**
 * What the other side can do, told once per connection: where rsync is, how many processors there are, whether they do AES,
 * how many nanoseconds each program takes at least to hash the same bytes (design §5.2: whichever is quicker), whose tar it is, and in which groups
 * the account is.
 */
export const FACTS_SCRIPT = `
clock() {
  t=$(date +%s%N)
  case $t in
    *[!0-9]*)
      t=0
      if [ -r /proc/uptime ]; then
        read -r t x </proc/uptime
        t=\${t%.*}\${t#*.}0000000
      fi ;;
  esac
  printf '%s' "$t"
}
hash_time() {
  least=
  # Twice: one may have been held up by something else (seen: the program that takes three times as long was chosen in one push of twenty).
  t0=$(clock)
  for round in 1 2; do
    head -c 4194304 /dev/zero | "$@" >/dev/null 2>&1 || return 0
    t1=$(clock)
    if [ -z "$least" ] || [ "$((t1 - t0))" -lt "$least" ]; then least=$((t1 - t0)); fi
    t0=$t1
  done
  printf '%s' "$least"
}
aes=unknown
if [ -r /proc/cpuinfo ]; then
  aes=no
  if grep -qE '^(flags|Features).* aes( |$)' /proc/cpuinfo; then aes=yes; fi
fi
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc 2>/dev/null || echo 1)
plain_rsync=$(PATH=$login_path; command -v rsync)
any_rsync=$(command -v rsync)
coreutils=$(hash_time sha256sum)
openssl=$(hash_time openssl dgst -sha256 -r)
perl=
# It takes longer to start than the others to hash.
if [ -z "$coreutils$openssl" ]; then perl=$(hash_time shasum -a 256); fi
head=greedy
case $(head --version 2>/dev/null) in *GNU*) head=exact ;; esac
tar=other
case $(PATH=$login_path; tar --version 2>/dev/null) in *'GNU tar'*) tar=gnu ;; esac
reply facts "$plain_rsync" "$any_rsync" "$cores" "$aes" "$head" "$coreutils" "$openssl" "$perl" "$tar" "$(id -u)" "$(id -gn 2>/dev/null)" "$(id -Gn 2>/dev/null)" "$(id -G)"
`;
