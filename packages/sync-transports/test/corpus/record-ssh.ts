import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { ProgramResult, Sshd } from '@longhaul/testbed';
import { freePort, runToEnd, startSshd, startTcpProxy, waitFor } from '@longhaul/testbed';
import type { CaseToRecord, Recorder } from './recorded-case.ts';
import { halfLoggedIn, recordAll } from './recorded-case.ts';

interface Call {
  readonly sshd: Sshd;
  readonly key?: string;
  readonly knownHosts?: string;
  readonly port?: number;
  readonly target?: string;
  readonly options?: readonly string[];
  readonly config?: string;
  readonly command?: string;
}

async function ssh({ sshd, key = sshd.clientKey, knownHosts = sshd.knownHosts, port = sshd.port, target = sshd.target, options = [], config = 'none', command = 'true' }: Call): Promise<ProgramResult> {
  const base = ['-F', config, '-p', String(port), '-i', key, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${knownHosts}`];
  return runToEnd('ssh', [...base, ...options, target, command], { env: { ...process.env, LC_ALL: 'C' } });
}

async function cases(sshd: Sshd): Promise<readonly CaseToRecord[]> {
  const throughStalled = async (stallAfterLogin: boolean): Promise<ProgramResult> => {
    await using proxy = await startTcpProxy({ target: sshd.port, stalled: !stallAfterLogin });
    const knownHosts = await sshd.knownHostsFor(proxy.port);
    const running = ssh({ sshd, port: proxy.port, knownHosts, options: ['-o', 'ConnectTimeout=1', '-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=1'], command: 'echo in; sleep 30' });
    if (stallAfterLogin) {
      await waitFor(() => proxy.passed.down > 3000, { what: 'the login' });
      proxy.faults.stalled = true;
    }
    return await running;
  };
  const port = await freePort();
  return [
    { id: 'ssh-wrong-key', expectedKind: 'auth', run: async () => ssh({ sshd, key: sshd.strangerKey }) },
    { id: 'ssh-key-readable-for-all', expectedKind: 'auth', run: async (dir) => { copyFileSync(sshd.clientKey, `${dir}/key`); chmodSync(`${dir}/key`, 0o644); return ssh({ sshd, key: `${dir}/key` }); } },
    { id: 'ssh-key-file-missing', expectedKind: 'auth', run: async (dir) => ssh({ sshd, key: `${dir}/no-key` }) },
    { id: 'ssh-key-file-broken', expectedKind: 'auth', run: async (dir) => { writeFileSync(`${dir}/key`, 'not a key\n', { mode: 0o600 }); return ssh({ sshd, key: `${dir}/key` }); } },
    { id: 'ssh-too-many-keys', expectedKind: 'auth', run: async () => { await using strict = await startSshd({ config: ['MaxAuthTries 1'] }); return await ssh({ sshd: strict, key: strict.strangerKey, options: ['-i', strict.clientKey] }); } },
    { id: 'ssh-host-key-changed', expectedKind: 'host_key', run: async () => ssh({ sshd, knownHosts: sshd.changedKnownHosts }) },
    { id: 'ssh-host-key-unknown', expectedKind: 'host_key', run: async () => ssh({ sshd, knownHosts: sshd.emptyKnownHosts }) },
    { id: 'ssh-host-key-revoked', expectedKind: 'host_key', run: async (dir) => { writeFileSync(`${dir}/revoked`, `${sshd.hostKey}\n`); return ssh({ sshd, options: ['-o', `RevokedHostKeys=${dir}/revoked`] }); } },
    { id: 'ssh-bad-option', expectedKind: 'config', run: async () => ssh({ sshd, options: ['-o', 'NoSuchOption=yes'] }) },
    { id: 'ssh-bad-config-file', expectedKind: 'config', run: async (dir) => { writeFileSync(`${dir}/config`, 'Hots nas\n  Prot 22\n', { mode: 0o600 }); return ssh({ sshd, config: `${dir}/config` }); } },
    { id: 'ssh-config-missing', expectedKind: 'config', run: async (dir) => ssh({ sshd, config: `${dir}/none` }) },
    { id: 'ssh-config-writable-for-all', expectedKind: 'config', run: async () => writableConfig(sshd) },
    { id: 'ssh-bad-cipher', expectedKind: 'config', run: async () => ssh({ sshd, options: ['-o', 'Ciphers=rot13'] }) },
    { id: 'ssh-no-common-cipher', expectedKind: 'config', run: async () => { await using other = await startSshd({ config: ['Ciphers chacha20-poly1305@openssh.com'] }); return await ssh({ sshd: other, options: ['-o', 'Ciphers=aes128-ctr'] }); } },
    { id: 'ssh-control-path-too-long', expectedKind: 'config', run: async (dir) => ssh({ sshd, options: ['-o', 'ControlMaster=yes', '-o', `ControlPath=${dir}/${'x'.repeat(120)}`] }) },
    { id: 'ssh-resolve-never-worked', expectedKind: 'config', run: async () => ssh({ sshd, target: 'lab@no-such-host.invalid' }) },
    { id: 'ssh-resolve-worked-before', expectedKind: 'network', facts: { everReached: true }, run: async () => ssh({ sshd, target: 'lab@no-such-host.invalid' }) },
    { id: 'ssh-bad-user-name', expectedKind: 'config', run: async () => ssh({ sshd, target: 'lab@na s;x' }) },
    { id: 'ssh-refused', expectedKind: 'network', run: async () => ssh({ sshd, port }) },
    { id: 'ssh-max-startups', expectedKind: 'network', run: async () => { await using busy = await startSshd({ maxStartups: '1:100:1' }); await using _waiting = await halfLoggedIn(busy.port); return await ssh({ sshd: busy }); } },
    { id: 'ssh-banner-timeout', expectedKind: 'network', run: async () => throughStalled(false) },
    { id: 'ssh-server-silent', expectedKind: 'network', run: async () => throughStalled(true) },
    { id: 'ssh-closed-at-once', expectedKind: 'network', run: async () => { await using proxy = await startTcpProxy({ target: sshd.port, refusing: true }); return await ssh({ sshd, port: proxy.port }); } },
    { id: 'ssh-cut-in-session', expectedKind: 'network', run: async () => {
      await using proxy = await startTcpProxy({ target: sshd.port });
      const running = ssh({ sshd, port: proxy.port, knownHosts: await sshd.knownHostsFor(proxy.port), command: 'echo in; sleep 30' });
      await waitFor(() => proxy.passed.down > 3000, { what: 'the login' });
      proxy.cut();
      return await running;
    } },
    { id: 'ssh-cut-in-key-exchange', expectedKind: 'network', run: async () => { await using proxy = await startTcpProxy({ target: sshd.port, cutAfter: { up: 500, down: Infinity } }); return await ssh({ sshd, port: proxy.port }); } },
    { id: 'ssh-server-stopped', expectedKind: 'network', run: async () => { await using other = await startSshd(); const running = ssh({ sshd: other, command: 'sleep 30' }); await waitFor(() => other.log().includes('Starting session'), { what: 'the session' }); await other.stop(); return await running; } },
    { id: 'ssh-command-killed', expectedKind: 'unknown', run: async () => ssh({ sshd, command: 'kill -9 $$' }) },
    { id: 'ssh-jump-host-down', expectedKind: 'network', run: async () => ssh({ sshd, options: ['-o', `ProxyJump=lab@127.0.0.1:${String(port)}`] }) },
    { id: 'ssh-no-route', expectedKind: 'network', run: async () => ssh({ sshd, target: 'lab@240.0.0.1', options: ['-o', 'ConnectTimeout=2'] }) },
  ];
}

/** ssh finds its configuration through the account, not through HOME: a mount of our own, seen by this one ssh, stands over it. */
async function writableConfig(sshd: Sshd): Promise<ProgramResult> {
  const script = 'mount -t tmpfs tmpfs "$1" && mkdir -m 700 "$1/.ssh" && : >"$1/.ssh/config" && chmod 666 "$1/.ssh/config" && exec ssh -o BatchMode=yes "$2" true';
  return runToEnd('unshare', ['-m', 'sh', '-c', script, 'sh', userInfo().homedir, sshd.target], { env: { ...process.env, LC_ALL: 'C' } });
}

export async function recordSsh(work: string, record: Recorder): Promise<void> {
  await using sshd = await startSshd();
  await recordAll('ssh', { work, cases: await cases(sshd), record });
}
