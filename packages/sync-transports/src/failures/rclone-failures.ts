import type { FailureRule } from './failure-rule.ts';

const LOGIN = 'Log in anew, or mend the password or key, in rclone\'s own configuration: rclone config (the remote of {path})';
const REACH = 'Is the server on and reachable from here? Try: rclone lsd {target}';
const SPACE = 'Free space at {target}; the push then goes on where it stopped';
const CLOCK = 'The clocks of this machine and the server differ too much: set them (timedatectl)';
const CERTIFICATE = 'The server\'s certificate is not accepted: its date, its name, or who signed it. Mend it there, or name the authority with --ca-cert in rclone\'s configuration';
const VANISHED = 'A sealed file is gone from the source; push again to seal what is there now';

/**
 * What rclone says when it fails (design §5.3, failures.md): its log as lines of text, `object: message`. The first row that matches decides: specific text
 * before generic text, text before exit codes. Nearly everything ends with 1.
 */
export const RCLONE_TEXT_FAILURES: readonly FailureRule[] = [
  { id: 'rclone.no-space', text: /no space left|file too big for remaining disk space|not enough space|\b507\b|insufficient[_ ]?(?:space|storage)|storageQuotaExceeded|storage_cap_exceeded|QuotaExceeded(?!.*rate)|EntityTooLarge.*quota/i, kind: 'no_space', hint: SPACE },
  { id: 'rclone.ftp-full', text: /stor: .{0,40}\b[45]52 |Failure writing to local file/, kind: 'no_space', hint: 'FTP says no more than that, and not how much is free: look for a full disk or a used-up quota at {target}' },
  { id: 'rclone.quota', text: /disk quota exceeded|quota ?limit ?reached|over quota/i, kind: 'no_space', hint: 'The account at {target} has used up its quota' },
  { id: 'rclone.sftp-full', text: /SSH_FX_FAILURE/, when: 'destinationFull', kind: 'no_space', hint: SPACE },
  { id: 'rclone.host-key', text: /knownhosts: key mismatch|knownhosts: key is (?:unknown|revoked)|ssh: host key mismatch/i, kind: 'host_key', hint: 'Ask whoever runs {target} whether its key was really exchanged; then mend the file that known_hosts_file of the remote names' },
  { id: 'rclone.throttled', text: /rateLimitExceeded|\b429\b|too many requests|SlowDown|\b503\b|TooManyRequests|too_many_(?:requests|write_operations)|ServiceUnavailable|RequestLimitExceeded|Please reduce your request rate|too many (?:connect|users)|maximum number (?:of )?(?:allowed )?clients|\(the maximum\) are already logged in/i, kind: 'throttled', hint: null },
  { id: 'rclone.clock', text: /RequestTimeTooSkewed|RequestTimeSkewed/, kind: 'config', hint: CLOCK },
  { id: 'rclone.config-locked', text: /unable to decrypt configuration|couldn't decrypt configuration|not allowed to ask for password/i, kind: 'config', hint: 'rclone\'s configuration is locked by a password: give it by RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND to whoever runs longhaul' },
  { id: 'rclone.no-section', text: /didn't find section in config file/i, kind: 'config', hint: 'rclone knows no such remote: rclone listremotes shows what there is, rclone config makes one; `configFile` names another configuration' },
  { id: 'rclone.config-unreadable', text: /failed to load config file|couldn't read config|didn't find backend called/i, kind: 'config', hint: 'Mend rclone\'s configuration file; the line says what is wrong' },
  { id: 'rclone.ca-bundle', text: /LoadCustomCABundleError/, kind: 'config', hint: 'rclone cannot use AWS_CA_BUNDLE: unset it in the environment of longhaul; rclone\'s own way is --ca-cert (RCLONE_CA_CERT)' },
  { id: 'rclone.bucket', text: /NoSuchBucket|bucket (?:does not|doesn't) exist|InvalidBucketName|container not found/i, kind: 'config', hint: 'There is no such bucket: make it (rclone mkdir {target}), or mend `remote`' },
  { id: 'rclone.hash-type', text: /hash type not supported|hash unsupported/i, kind: 'config', hint: 'This remote has no such hash: leave `verify` out, or write verify: download' },
  { id: 'rclone.ftp-tls', text: /must use encryption|cleartext sessions are not accepted|SSL\/TLS required/i, kind: 'config', hint: 'This FTP server takes encrypted sessions only: explicit_tls = true for the remote (rclone config)' },
  { id: 'rclone.ftp-login', text: /failed to make FTP connection to .*(?:\b530 |permission denied)/i, kind: 'auth', hint: LOGIN },
  {
    id: 'rclone.auth',
    text: /\b401\b|unauthori[sz]ed|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|invalid_grant|invalid_client|couldn't fetch token|token (?:has )?expired|expired_access_token|unable to authenticate|attempted logon is invalid|NT_STATUS_LOGON_FAILURE|STATUS_LOGON_FAILURE|\b530\b.*(?:log|auth|user|pass)|login (?:incorrect|failed)|authentication failed|NoCredentialProviders|empty token found|AuthorizationHeaderMalformed|failed to (?:parse|read) private key/i,
    kind: 'auth',
    hint: LOGIN,
  },
  { id: 'rclone.corrupted', text: /corrupted on transfer|sizes differ|hashes differ|checksum mismatch|BadDigest|XAmzContentSHA256Mismatch|hash(?:es)? (?:do not|don't) match/i, kind: 'hash_mismatch', hint: 'What arrived is not what was sent: look at the memory and the disks on both sides' },
  { id: 'rclone.source-updated', text: /source file is being updated/i, kind: 'source_changed', hint: null },
  { id: 'rclone.read-only', text: /read-only file ?system|EROFS/i, kind: 'config', hint: 'The remote\'s disk is mounted read-only; a disk with errors is remounted so: look at dmesg there' },
  { id: 'rclone.name', text: /file name too long|invalid (?:file ?name|path|argument)|illegal byte sequence|KeyTooLong|malformed_path/i, kind: 'config', hint: 'The remote cannot hold this name' },
  { id: 'rclone.too-large', text: /file too large|EntityTooLarge|\b413\b/i, kind: 'config', hint: 'The remote cannot hold a file of this size; the line says which' },
  { id: 'rclone.certificate', text: /x509:|certificate (?:is|has|signed)|tls: (?:failed|handshake failure|first record)|HTTP response to HTTPS client/i, kind: 'config', hint: CERTIFICATE },
  { id: 'rclone.negotiation', text: /no common algorithm|ssh: unexpected|unsupported protocol scheme|malformed HTTP/i, kind: 'config', hint: 'That is not the kind of server that the remote\'s configuration says; look at its type, url and port' },
  { id: 'rclone.no-sftp', text: /subsystem request failed/i, kind: 'config', hint: 'That machine lets ssh in but has no SFTP: type: rsync_ssh needs none' },
  { id: 'rclone.resolve-after-success', text: /no such host/i, when: 'everReached', kind: 'network', hint: 'The name resolved before: is this machine online?' },
  { id: 'rclone.resolve', text: /no such host/i, kind: 'network', hint: 'Nobody knows this host name: is this machine online? Otherwise mend the remote: rclone config' },
  {
    id: 'rclone.network',
    text: /i\/o timeout|connection (?:reset|refused|timed out|lost)|connect: |unexpected EOF|broken pipe|use of closed network connection|network is (?:unreachable|down)|no route to host|timeout awaiting|Client\.Timeout|handshake timeout|context deadline exceeded|server (?:closed|misbehaving)|client connection (?:lost|force closed)|\b50[24]\b|Bad Gateway|Gateway Time-?out|RequestTimeout|http2: |ssh: (?:disconnect|handshake failed: EOF|handshake failed: read tcp)|: EOF$|failed to (?:dial|connect)/i,
    kind: 'network',
    hint: REACH,
  },
  { id: 'rclone.ftp-line', text: /(?:^|[:*] )42[156] /, kind: 'network', hint: REACH },
  { id: 'rclone.ftp-not-made', text: /stor: (?:553 |550 .*(?:no such file or directory|failed to open file))/i, kind: 'permission', hint: 'The server made neither the file nor its folder: let the account of {target} write there. A disk that is mounted read-only looks the same' },
  { id: 'rclone.access-denied', text: /AccessDenied|\b403\b|forbidden|access denied|insufficientFilePermissions|no_write_permission|STATUS_ACCESS_DENIED/i, kind: 'permission', hint: 'The account of {target} may not do that there: give it the right to list, read, write and delete below {path}' },
  { id: 'rclone.permission', text: /permission denied|operation not permitted|SSH_FX_PERMISSION_DENIED|\b550\b.*(?:permission|denied)/i, kind: 'permission', hint: 'The line names the file: let this user read it, or let the account of {target} write there' },
  { id: 'rclone.sftp-failure', text: /SSH_FX_FAILURE/, kind: 'unknown', hint: 'SFTP says no more than that; the log of the server at {target} may. A full disk is the usual cause' },
  { id: 'rclone.io', text: /input\/output error|stale (?:NFS )?file handle/i, kind: 'unknown', hint: 'A disk has read or write errors; the line says on which side. Look at dmesg there' },
  { id: 'rclone.locked', text: /\b423\b|\bLocked$/, kind: 'unknown', hint: 'Another program holds a lock at {target}' },
  { id: 'rclone.server-error', text: /\b500\b|Internal Server Error|InternalError|(?:^|[:*] )451 /i, kind: 'unknown', hint: 'The server failed by itself; its log says why' },
  { id: 'rclone.missing-source', text: /directory not found|object not found|file not found|no such file or directory/i, when: 'sourceMissing', kind: 'local_file_vanished', hint: VANISHED },
  { id: 'rclone.missing', text: /directory not found|object not found|file not found|no such file or directory|\b404\b|is a file not a directory|not a directory/i, kind: 'config', hint: 'Something at {target} is not there: mend `remote`, or make the folder (it is never created by a push)' },
  { id: 'rclone.usage', text: /unknown (?:flag|command|shorthand)|invalid argument .* for .* flag/i, kind: 'config', hint: 'This rclone is too old or too new for how it was called: 1.60 or newer is needed (rclone version)' },
];

/** Exit codes, where no text has decided. 1 is "not categorised": any failure. */
export const RCLONE_CODE_FAILURES: readonly FailureRule[] = [
  { id: 'rclone.2', codes: [2], kind: 'config', hint: 'rclone did not understand how it was called: 1.60 or newer is needed (rclone version)' },
  { id: 'rclone.3-missing', codes: [3, 4], when: 'sourceMissing', kind: 'local_file_vanished', hint: VANISHED },
  { id: 'rclone.3', codes: [3, 4], kind: 'config', hint: 'Something at {target} is not there: mend `remote`, or make the folder (it is never created by a push)' },
  { id: 'rclone.5', codes: [5], kind: 'network', hint: null },
  { id: 'rclone.6', codes: [6], kind: 'unknown', hint: null },
  { id: 'rclone.7', codes: [7], kind: 'unknown', hint: null },
  { id: 'rclone.limit', codes: [8, 10], kind: 'interrupted', hint: null },
  { id: 'rclone.9', codes: [9], kind: 'unknown', hint: null },
  { id: 'rclone.signal', codes: [129, 130, 131, 137, 143], kind: 'interrupted', hint: null },
];
