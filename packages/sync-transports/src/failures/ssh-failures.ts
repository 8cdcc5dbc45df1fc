import type { FailureRule } from './failure-rule.ts';

const KEY_HINT = 'Log in by hand to see what is wrong: ssh {target}. The public key belongs into ~/.ssh/authorized_keys there (ssh-copy-id), and `sshKey` names the private one';
const UNKNOWN_HOST_HINT = 'Compare the fingerprint with the one that the machine itself shows, then: longhaul sync destinations trust {name}';
const CHANGED_HOST_HINT = 'Ask whoever runs {target} whether its key was really exchanged; only then: longhaul sync destinations trust {name}, which says how the old key goes';
const REACH_HINT = 'Is the machine on, and sshd reachable on this port? Try: ssh {target} true';

/**
 * What ssh prints on its way to exit code 255, in the C locale. Order matters: a changed host key prints "Host key
 * verification failed" too, and nearly everything ends with a closed connection.
 */
export const SSH_FAILURES: readonly FailureRule[] = [
  { id: 'ssh.key-file-mode', text: /UNPROTECTED PRIVATE KEY FILE|bad permissions: ignore key/i, kind: 'auth', hint: 'The key file is readable for others, so ssh ignores it: chmod 600 on it' },
  { id: 'ssh.host-key-changed', text: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/i, kind: 'host_key', hint: CHANGED_HOST_HINT },
  { id: 'ssh.host-key-revoked', text: /REVOKED HOST KEY DETECTED|was revoked/i, kind: 'host_key', hint: 'The key of this host was revoked by whoever looks after known_hosts here; ask there' },
  { id: 'ssh.host-key-unknown', text: /No \S+ host key is known for/, kind: 'host_key', hint: UNKNOWN_HOST_HINT },
  { id: 'ssh.host-key', text: /Host key verification failed/, kind: 'host_key', hint: UNKNOWN_HOST_HINT },
  { id: 'ssh.identity-missing', text: /Identity file .* not accessible|no such identity:/, kind: 'auth', hint: 'The file that `sshKey` names is not there or not readable' },
  { id: 'ssh.key-broken', text: /Load key .*: (?:error in libcrypto|invalid format|Permission denied|incorrect passphrase)/, kind: 'auth', hint: 'The key file cannot be used: wrong format, locked by a passphrase (then load it into ssh-agent) or not readable' },
  { id: 'ssh.too-many-keys', text: /Too many authentication failures/, kind: 'auth', hint: 'ssh offered too many keys before the right one; name it as `sshKey`' },
  { id: 'ssh.login-refused', text: /Permission denied \([a-z0-9,@.-]+\)/, kind: 'auth', hint: KEY_HINT },
  { id: 'ssh.no-method', text: /No (?:more|supported) authentication methods/, kind: 'auth', hint: KEY_HINT },
  { id: 'ssh.account', text: /This account is currently not available|account (?:has )?expired|not allowed because/i, kind: 'auth', hint: 'The account exists, but nobody may log in to it: it needs a login shell there' },
  { id: 'ssh.negotiation', text: /Unable to negotiate/, kind: 'config', hint: 'The two sides have no method in common; the line names what the other side offers. Allow it in `sshConfig`, or update that machine' },
  { id: 'ssh.option', text: /Bad configuration option|Unsupported option|keyword .* extra arguments|terminating, \d+ bad configuration options|Bad (?:SSH2 )?cipher|Can't open user config file/i, kind: 'config', hint: 'Mend the ssh configuration; the line names the file and what is wrong' },
  { id: 'ssh.config-mode', text: /Bad owner or permissions on/, kind: 'config', hint: 'The ssh configuration is writable for others: chmod 600 on the file that the line names' },
  { id: 'ssh.control-path', text: /ControlPath .*too long|unix_listener: .*too long|path .* too long for Unix domain socket/i, kind: 'config', hint: 'Set XDG_RUNTIME_DIR or TMPDIR to a folder with a short name' },
  { id: 'ssh.bad-name', text: /hostname contains invalid characters|invalid (?:host|user)name|remote username contains invalid/i, kind: 'config', hint: 'Mend `target`: it is user@host' },
  { id: 'ssh.resolve-after-success', text: /Could not resolve hostname/, when: 'everReached', kind: 'network', hint: 'The name resolved before: is this machine online?' },
  { id: 'ssh.resolve', text: /Could not resolve hostname/, kind: 'config', hint: 'Nobody knows this host name: mend `target`, or write the address' },
  { id: 'ssh.proxy', text: /stdio forwarding failed|administratively prohibited/, kind: 'network', hint: 'The machine in between did not reach {target}' },
  { id: 'ssh.refused', text: /Connection refused/, kind: 'network', hint: REACH_HINT },
  { id: 'ssh.unreachable', text: /No route to host|Network is (?:unreachable|down)|Host is down|Cannot assign requested address/, kind: 'network', hint: REACH_HINT },
  { id: 'ssh.timeout', text: /timed out|Timeout, server .* not responding/, kind: 'network', hint: REACH_HINT },
  { id: 'ssh.limit', text: /kex_exchange_identification|ssh_exchange_identification|banner exchange/, kind: 'network', hint: 'The server closed before the login: too many connections at once (MaxStartups), or it blocks this address' },
  { id: 'ssh.lost', text: /client_loop: send disconnect|closed by remote host|Connection (?:reset|closed|to .* closed)|Connection to .* (?:timed out|reset)|Broken pipe|Corrupted MAC|message authentication code incorrect|mux_client_\w+: .*(?:Broken pipe|Connection reset)/, kind: 'network', hint: null },
];
