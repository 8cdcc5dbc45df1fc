import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { ProgramResult } from '@longhaul/testbed';
import { busyboxPath, findProgram, freePort, readOnlyMount, runToEnd, smallDisk, startSshd, startTcpProxy, waitFor, writeRandomFile } from '@longhaul/testbed';
import type { Sshd } from '@longhaul/testbed';
import type { CaseToRecord, Recorder } from './recorded-case.ts';
import { halfLoggedIn, recordAll, script, source } from './recorded-case.ts';

const ENV = { ...process.env, LC_ALL: 'C' };
const FLAGS = ['-aHS', '-s', '--from0', '--files-from=-', '--no-implied-dirs', '--info=progress2', '--no-h', '--outbuf=N'];
const NAMES = './a.txt\0./b.txt\0';
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];

async function rsync(args: readonly string[], input = NAMES): Promise<ProgramResult> {
  return runToEnd('rsync', args, { env: ENV, input });
}

async function rsyncAsNobody(args: readonly string[], input = NAMES): Promise<ProgramResult> {
  return runToEnd('setpriv', [...NOBODY, 'rsync', ...args], { env: ENV, input });
}

/** rsync through a remote shell of our making: `body` gets the host in $1 and the server's command behind it. */
async function rsyncVia(dir: string, body: string, args: readonly string[] = []): Promise<ProgramResult> {
  const shell = script(dir, 'shell', body);
  mkdirSync(`${dir}/there`, { recursive: true });
  return rsync([...FLAGS, ...args, '-e', shell, `${source(dir)}/`, `nas:${dir}/there/`]);
}

/** rsync runs until it has printed something, then gets a signal. */
async function interrupted(dir: string, signal: NodeJS.Signals): Promise<ProgramResult> {
  mkdirSync(`${dir}/there`);
  const child = spawn('rsync', [...FLAGS, '--bwlimit=100', '-e', script(dir, 'shell', 'shift; exec "$@"'), `${source(dir, 3_000_000)}/`, `nas:${dir}/there/`], { env: ENV });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(NAMES);
  await once(child.stdout, 'data');
  child.stdout.resume();
  child.kill(signal);
  const [code, by] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal: by, stdout: Buffer.alloc(0), stderr: Buffer.from(stderr) };
}

/** `b.txt` goes while `a.txt` is being sent. */
async function vanishing(dir: string): Promise<ProgramResult> {
  const root = source(dir, 2_000_000);
  mkdirSync(`${dir}/there`);
  const running = rsync([...FLAGS, '--bwlimit=1000', '-e', script(dir, 'shell', 'shift; exec "$@"'), `${root}/`, `nas:${dir}/there/`]);
  await waitFor(() => statSync(`${dir}/there`).mtimeMs > statSync(`${dir}/source`).mtimeMs, { what: 'the first bytes' });
  rmSync(`${root}/b.txt`);
  return running;
}

/** Bytes are changed on their way, each time: what a broken network card does. */
async function corrupted(dir: string): Promise<ProgramResult> {
  const filter = `${dir}/filter.mjs`;
  writeFileSync(filter, `
    import { spawn } from 'node:child_process';
    const server = spawn(process.argv[2], process.argv.slice(3), { stdio: ['pipe', 'inherit', 'inherit'] });
    process.stdin.on('data', (b) => server.stdin.write(Buffer.from(b.toString('latin1').replaceAll('MARKER', 'marker'), 'latin1')));
    process.stdin.on('end', () => server.stdin.end());
    server.on('exit', (code) => process.exit(code ?? 1));
  `);
  const root = source(dir);
  writeFileSync(`${root}/a.txt`, `${'x'.repeat(500)}MARKER${'y'.repeat(500)}`);
  mkdirSync(`${dir}/there`);
  const shell = script(dir, 'shell', `shift; exec ${process.execPath} ${filter} "$@"`);
  return rsync([...FLAGS, '-e', shell, `${root}/`, `nas:${dir}/there/`]);
}

const LOCAL: readonly CaseToRecord[] = [
  { id: 'rsync-unknown-option', expectedKind: 'config', run: async (dir) => rsync(['--no-such-option', source(dir), `${dir}/there`]) },
  { id: 'rsync-noisy-login-shell', expectedKind: 'config', run: async (dir) => rsyncVia(dir, 'echo "Welcome to the NAS of the lab. Be kind."; shift; exec "$@"') },
  { id: 'rsync-remote-prints-and-ends', expectedKind: 'config', run: async (dir) => rsyncVia(dir, 'echo "This service allows sftp connections only."; exit 1') },
  { id: 'rsync-source-root-missing', expectedKind: 'local_file_vanished', facts: { sourceMissing: true }, run: async (dir) => { mkdirSync(`${dir}/there`); return rsync([...FLAGS, `${dir}/missing/`, `${dir}/there/`]); } },
  { id: 'rsync-disk-full', expectedKind: 'no_space', run: async (dir) => { await using disk = await smallDisk({ bytes: 1 << 20 }); return await rsync([...FLAGS, `${source(dir, 3_000_000)}/`, `${disk.path}/`]); } },
  { id: 'rsync-disk-full-through-shell', expectedKind: 'no_space', run: async (dir) => { await using disk = await smallDisk({ bytes: 1 << 20 }); return await rsync([...FLAGS, '-e', script(dir, 'shell', 'shift; exec "$@"'), `${source(dir, 3_000_000)}/`, `nas:${disk.path}/`]); } },
  { id: 'rsync-destination-parent-missing', expectedKind: 'config', run: async (dir) => rsync([...FLAGS, `${source(dir)}/`, `${dir}/no/such/folder/`]) },
  { id: 'rsync-destination-root-denied', expectedKind: 'permission', run: async (dir) => { mkdirSync(`${dir}/locked`, { mode: 0o700 }); return rsyncAsNobody([...FLAGS, `${source(dir)}/`, `${dir}/locked/new/`]); } },
  { id: 'rsync-destination-file-denied', expectedKind: 'permission', run: async (dir) => { mkdirSync(`${dir}/there`, { mode: 0o755 }); return rsyncAsNobody([...FLAGS, `${source(dir)}/`, `${dir}/there/`]); } },
  { id: 'rsync-source-unreadable', expectedKind: 'permission', run: async (dir) => { const root = source(dir); chmodSync(`${root}/a.txt`, 0o600); mkdirSync(`${dir}/there`); chmodSync(`${dir}/there`, 0o777); return rsyncAsNobody([...FLAGS, `${root}/`, `${dir}/there/`]); } },
  { id: 'rsync-source-folder-unreadable', expectedKind: 'permission', run: async (dir) => { const root = source(dir); mkdirSync(`${root}/sub`); writeFileSync(`${root}/sub/x`, ''); chmodSync(`${root}/sub`, 0o700); mkdirSync(`${dir}/there`); chmodSync(`${dir}/there`, 0o777); return rsyncAsNobody([...FLAGS, `${root}/`, `${dir}/there/`], './sub\0./sub/x\0'); } },
  { id: 'rsync-read-only-destination', expectedKind: 'config', run: async (dir) => { mkdirSync(`${dir}/there`); await using frozen = await readOnlyMount(`${dir}/there`); return await rsync([...FLAGS, `${source(dir)}/`, `${frozen.path}/`]); } },
  { id: 'rsync-listed-file-missing', expectedKind: 'local_file_vanished', run: async (dir) => { mkdirSync(`${dir}/there`); return rsync([...FLAGS, `${source(dir)}/`, `${dir}/there/`], `${NAMES}./gone.txt\0`); } },
  { id: 'rsync-missing-and-full', expectedKind: 'no_space', run: async (dir) => { await using disk = await smallDisk({ bytes: 1 << 20 }); return await rsync([...FLAGS, `${source(dir, 3_000_000)}/`, `${disk.path}/`], `./gone.txt\0${NAMES}`); } },
  { id: 'rsync-unreadable-and-missing', expectedKind: 'permission', run: async (dir) => { const root = source(dir); chmodSync(`${root}/a.txt`, 0o600); mkdirSync(`${dir}/there`); chmodSync(`${dir}/there`, 0o777); return rsyncAsNobody([...FLAGS, `${root}/`, `${dir}/there/`], `${NAMES}./gone.txt\0`); } },
  { id: 'rsync-chown-not-permitted', expectedKind: 'ok', run: async (dir) => { mkdirSync(`${dir}/there`); chmodSync(`${dir}/there`, 0o777); return rsyncAsNobody([...FLAGS, '--super', `${source(dir)}/`, `${dir}/there/`]); } },
  { id: 'rsync-folder-in-the-way', expectedKind: 'unknown', run: async (dir) => { mkdirSync(`${dir}/there/a.txt/full`, { recursive: true }); return rsync([...FLAGS, `${source(dir)}/`, `${dir}/there/`]); } },
  { id: 'rsync-vanished-while-sending', expectedKind: 'local_file_vanished', facts: { sourceMissing: true }, run: vanishing },
  { id: 'rsync-vanished-and-back', expectedKind: 'source_changed', facts: { sourceMissing: false }, run: vanishing },
  { id: 'rsync-corrupted-on-the-way', expectedKind: 'hash_mismatch', run: corrupted },
  { id: 'rsync-max-delete', expectedKind: 'config', run: async (dir) => { mkdirSync(`${dir}/there`); for (const name of ['x', 'y', 'z']) writeFileSync(`${dir}/there/${name}`, ''); return rsync(['-a', '--delete', '--max-delete=1', `${source(dir)}/`, `${dir}/there/`]); } },
  { id: 'rsync-sigterm', expectedKind: 'interrupted', run: async (dir) => interrupted(dir, 'SIGTERM') },
  { id: 'rsync-sigint', expectedKind: 'interrupted', run: async (dir) => interrupted(dir, 'SIGINT') },
  { id: 'rsync-sigkill', expectedKind: 'interrupted', run: async (dir) => interrupted(dir, 'SIGKILL') },
  { id: 'rsync-shell-killed', expectedKind: 'network', run: async (dir) => rsyncVia(dir, 'shift; "$@" & sleep 0.2; kill -9 $$', ['--bwlimit=1']) },
  { id: 'rsync-shell-killed-at-once', expectedKind: 'network', run: async (dir) => rsyncVia(dir, 'kill -9 $$') },
  { id: 'rsync-same-file-third-time', expectedKind: 'unknown', facts: { failuresAtSameFile: 3 }, run: async (dir) => rsyncVia(dir, 'kill -9 $$') },
  { id: 'rsync-timeout', expectedKind: 'network', run: async (dir) => rsyncVia(dir, 'sleep 3', ['--timeout=1']) },
  { id: 'rsync-shell-255-silent', code: 255, expectedKind: 'unknown', run: async (dir) => rsyncVia(dir, 'exit 255') },
  { id: 'rsync-remote-not-runnable', code: 126, expectedKind: 'config', run: async (dir) => rsyncVia(dir, 'shift; exec sh -c "$*"', ['--rsync-path=/etc/passwd']) },
  { id: 'rsync-remote-not-runnable-as-12', code: 12, expectedKind: 'config', run: async (dir) => rsyncVia(dir, 'shift; exec sh -c "$*"', ['--rsync-path=/etc/passwd']) },
  { id: 'rsync-absent-there-sh', code: 127, expectedKind: null, run: async (dir) => rsyncVia(dir, 'shift; exec sh -c "$*"', ['--rsync-path=/nowhere/rsync']) },
  { id: 'rsync-absent-there-sh-as-12', code: 12, expectedKind: null, run: async (dir) => rsyncVia(dir, 'shift; exec sh -c "$*"', ['--rsync-path=/nowhere/rsync']) },
  { id: 'rsync-ssh-missing-here', code: 14, expectedKind: null, run: async (dir) => rsync([...FLAGS, '-e', '/nowhere/ssh', `${source(dir)}/`, `nas:${dir}/there/`]) },
  { id: 'rsync-ssh-missing-here-as-12', code: 12, expectedKind: null, run: async (dir) => rsync([...FLAGS, '-e', '/nowhere/ssh', `${source(dir)}/`, `nas:${dir}/there/`]) },
  { id: 'rsync-daemon-refused', expectedKind: 'network', run: async (dir) => rsync(['-a', `${source(dir)}/`, `rsync://127.0.0.1:${String(await freePort())}/module/`]) },
];

/** Daemon errors, code 5. */
async function withDaemon(dir: string, run: (port: number) => Promise<ProgramResult>): Promise<ProgramResult> {
  const port = await freePort();
  mkdirSync(`${dir}/there`);
  writeFileSync(`${dir}/secrets`, 'lab:right\n', { mode: 0o600 });
  writeFileSync(`${dir}/rsyncd.conf`, `address = 127.0.0.1\nport = ${String(port)}\nuse chroot = no\npid file = ${dir}/pid\nlog file = ${dir}/log\nmax connections = 0\n[locked]\npath = ${dir}/there\nread only = no\nauth users = lab\nsecrets file = ${dir}/secrets\n[busy]\npath = ${dir}/there\nread only = no\nmax connections = -1\n`);
  const daemon = spawn('rsync', ['--daemon', '--no-detach', `--config=${dir}/rsyncd.conf`], { stdio: 'ignore' });
  try {
    await waitFor(async () => { const socket = connect(port, '127.0.0.1'); try { await once(socket, 'connect'); return true; } finally { socket.destroy(); } }, { what: 'rsyncd' });
    return await run(port);
  } finally {
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  }
}

const DAEMON: readonly CaseToRecord[] = [
  { id: 'rsync-daemon-auth', expectedKind: 'auth', run: async (dir) => withDaemon(dir, async (port) => { writeFileSync(`${dir}/password`, 'wrong\n', { mode: 0o600 }); return rsync(['-a', `--password-file=${dir}/password`, `${source(dir)}/`, `rsync://lab@127.0.0.1:${String(port)}/locked/`]); }) },
  { id: 'rsync-daemon-module', expectedKind: 'config', run: async (dir) => withDaemon(dir, async (port) => rsync(['-a', `${source(dir)}/`, `rsync://127.0.0.1:${String(port)}/nosuch/`])) },
  { id: 'rsync-daemon-busy', expectedKind: 'throttled', run: async (dir) => withDaemon(dir, async (port) => rsync(['-a', `${source(dir)}/`, `rsync://127.0.0.1:${String(port)}/busy/`])) },
];

interface OverSsh {
  readonly dir: string;
  readonly sshd: Sshd;
  readonly key?: string;
  readonly knownHosts?: string;
  readonly port?: number;
  readonly args?: readonly string[];
  readonly bytes?: number;
  readonly there?: string;
}

async function rsyncOverSsh({ dir, sshd, key = sshd.clientKey, knownHosts = sshd.knownHosts, port = sshd.port, args = [], bytes = 1000, there = `${dir}/there` }: OverSsh): Promise<ProgramResult> {
  mkdirSync(`${dir}/there`, { recursive: true });
  const ssh = `ssh -F none -p ${String(port)} -i ${key} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${knownHosts} -o ConnectTimeout=5 -o ServerAliveInterval=1 -o ServerAliveCountMax=1`;
  return rsync([...FLAGS, ...args, '-e', ssh, `${source(dir, bytes)}/`, `${sshd.target}:${there}/`]);
}

const OVER_SSH: readonly CaseToRecord[] = [
  { id: 'rsync-ssh-wrong-key', code: 255, expectedKind: 'auth', run: async (dir) => { await using sshd = await startSshd(); return await rsyncOverSsh({ dir, sshd, key: sshd.strangerKey }); } },
  { id: 'rsync-ssh-wrong-key-as-12', code: 12, expectedKind: 'auth', run: async (dir) => { await using sshd = await startSshd(); return await rsyncOverSsh({ dir, sshd, key: sshd.strangerKey }); } },
  { id: 'rsync-ssh-host-key-changed', expectedKind: 'host_key', run: async (dir) => { await using sshd = await startSshd(); return await rsyncOverSsh({ dir, sshd, knownHosts: sshd.changedKnownHosts }); } },
  { id: 'rsync-ssh-host-key-unknown', code: 255, expectedKind: 'host_key', run: async (dir) => { await using sshd = await startSshd(); return await rsyncOverSsh({ dir, sshd, knownHosts: sshd.emptyKnownHosts }); } },
  { id: 'rsync-ssh-host-key-unknown-as-12', code: 12, expectedKind: 'host_key', run: async (dir) => { await using sshd = await startSshd(); return await rsyncOverSsh({ dir, sshd, knownHosts: sshd.emptyKnownHosts }); } },
  { id: 'rsync-ssh-refused', expectedKind: 'network', run: async (dir) => { await using sshd = await startSshd(); await sshd.stop(); return await rsyncOverSsh({ dir, sshd }); } },
  { id: 'rsync-ssh-max-startups', expectedKind: 'network', run: async (dir) => { await using sshd = await startSshd({ maxStartups: '1:100:1' }); await using _waiting = await halfLoggedIn(sshd.port); return await rsyncOverSsh({ dir, sshd }); } },
  { id: 'rsync-ssh-cut', expectedKind: 'network', run: async (dir) => { await using sshd = await startSshd(); await using proxy = await startTcpProxy({ target: sshd.port, cutAfter: { up: 1_000_000, down: Infinity } }); return await rsyncOverSsh({ dir, sshd, bytes: 3_000_000, port: proxy.port, knownHosts: await sshd.knownHostsFor(proxy.port) }); } },
  { id: 'rsync-ssh-stalled', expectedKind: 'network', run: async (dir) => {
    await using sshd = await startSshd();
    await using proxy = await startTcpProxy({ target: sshd.port, throttle: 2_000_000 });
    const running = rsyncOverSsh({ dir, sshd, bytes: 9_000_000, port: proxy.port, knownHosts: await sshd.knownHostsFor(proxy.port) });
    await waitFor(() => proxy.passed.up > 1_000_000, { what: 'the first megabyte' });
    proxy.faults.stalled = true;
    return await running;
  } },
  { id: 'rsync-ssh-absent-there', expectedKind: null, run: async (dir) => { await using tools = await busyboxPath(); await using sshd = await startSshd({ path: tools.path }); return await rsyncOverSsh({ dir, sshd }); } },
  { id: 'rsync-ssh-disk-full', expectedKind: 'no_space', run: async (dir) => { await using disk = await smallDisk({ bytes: 1 << 20 }); await using sshd = await startSshd(); return await rsyncOverSsh({ dir, sshd, bytes: 3_000_000, there: disk.path }); } },
  { id: 'rsync-ssh-root-denied', expectedKind: 'permission', run: async (dir) => { await using sshd = await startSshd({ runAs: 65534 }); return await rsyncOverSsh({ dir, sshd }); } },
  { id: 'rsync-ssh-noisy', expectedKind: 'config', run: async (dir) => { await using sshd = await startSshd({ config: ['ForceCommand echo "Last backup: yesterday"; exec sh -c "$SSH_ORIGINAL_COMMAND"'] }); return await rsyncOverSsh({ dir, sshd }); } },
  { id: 'rsync-ssh-server-killed', expectedKind: 'network', run: async (dir) => {
    await using sshd = await startSshd();
    const running = rsyncOverSsh({ dir, sshd, bytes: 9_000_000, args: ['--bwlimit=1000'] });
    await waitFor(async () => (await runToEnd('pgrep', ['-f', `rsync --server.*`])).code === 0 && sshd.log().includes('Starting session'), { what: 'the remote rsync' });
    await sshd.stop();
    return await running;
  } },
];

export async function recordRsync(work: string, record: Recorder): Promise<void> {
  if (findProgram('setpriv') === null) throw new Error('setpriv is missing');
  chmodSync(work, 0o755);
  writeRandomFile(`${work}/warm-up`, 10);
  truncateSync(`${work}/warm-up`);
  await recordAll('rsync', { work, cases: [...LOCAL, ...DAEMON, ...OVER_SSH], record });
}
