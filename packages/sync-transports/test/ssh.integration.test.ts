import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { systemRunner } from '@longhaul/exec';
import { busyboxPath, findProgram, requireService, runToEnd, startSshd, startTcpProxy, tempDir, waitFor } from '@longhaul/testbed';
import type { Sshd } from '@longhaul/testbed';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKnownHost, scanHostKey, trustHostKey } from '../src/ssh/host-key.ts';
import { RemoteShells } from '../src/ssh/remote-shells.ts';
import { controlSocketPath } from '../src/ssh/control-socket.ts';
import { rsyncShellCommand } from '../src/ssh/ssh-options.ts';
import { scriptLine, shellAssignments } from '../src/ssh/shell-words.ts';
import { SshConnection } from '../src/ssh/ssh-connection.ts';
import type { SshDestination } from '../src/ssh/ssh-destination.ts';

const runner = systemRunner();

function destinationOf({ target, port, clientKey: sshKey, knownHosts }: Sshd, changes: Partial<SshDestination> = {}): SshDestination {
  return { target, port, sshKey, knownHosts, ...changes };
}

function shellsOf(destination: SshDestination): RemoteShells {
  return new RemoteShells(new SshConnection(destination, runner), runner);
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
}

async function run(shells: RemoteShells, script: string, input?: Uint8Array): Promise<Ran> {
  const shell = await shells.take();
  const chunks: Uint8Array[] = [];
  const end = await shell.run({ line: scriptLine(Buffer.from(script)), afterInput: 'again', onChunk: (chunk) => chunks.push(Buffer.from(chunk)), ...(input === undefined ? {} : { input }) });
  await shells.giveBack(shell);
  const stdout = Buffer.concat(chunks).toString('latin1');
  return end.kind === 'done' ? { stdout, stderr: end.stderr, exitCode: end.exitCode } : { stdout, stderr: end.outcome.stderr.text, exitCode: null };
}

describe.runIf(requireService('sshd', 'busybox'))('scripts', () => {
  it('carry any bytes through dash, bash and busybox, and execute none of them', async () => {
    await using dir = await tempDir();
    const values = fc.sample(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).filter((byte) => byte !== 0)), { numRuns: 150, seed: 7 });
    const named = [...values, Buffer.from("$(touch pwned)`touch pwned`';touch pwned;'\n\\n\\\n")].map((value, index) => [`v${String(index)}`, value] as const);
    const script = Buffer.concat([shellAssignments(Object.fromEntries(named)), Buffer.from(named.map(([name]) => `printf '%s\\0' "$${name}"\n`).join(''))]);
    for (const shell of [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh']]) {
      const [program = '', ...args] = shell;
      if (findProgram(program) === null) continue;
      const { stdout } = await runToEnd(program, [...args, '-c', 'IFS= read -r s && eval "$(printf %b "$s")"'], { input: scriptLine(script), cwd: dir.path });
      expect(stdout.toString('latin1')).toBe(named.map(([, value]) => `${value.toString('latin1')}\0`).join(''));
    }
    expect(existsSync(dir.join('pwned'))).toBe(false);
  });

  it('run one after the other in one shell, each with its input, output, stderr and code', async () => {
    await using sshd = await startSshd();
    await using shells = shellsOf(destinationOf(sshd));
    expect(await run(shells, 'cd /; x=1; printf "one\\n"; echo two >&2; exit 9')).toEqual({ stdout: 'one\n', stderr: 'two', exitCode: 9 });
    expect(await run(shells, 'printf "[%s]" "$x"; wc -c', Buffer.alloc(300_000, 'a'))).toEqual({ stdout: '[]300000\n', stderr: '', exitCode: 0 });
    expect(await run(shells, 'head -c 3', Buffer.from('abcdef\n'))).toMatchObject({ stdout: 'abc', exitCode: 0 });
    expect(await run(shells, 'cat; echo end')).toMatchObject({ stdout: 'end\n', exitCode: 0 });
    expect(sshd.log().match(/Starting session/g)).toHaveLength(1);
  });

  it('have no end of their own where the shell is killed', async () => {
    await using sshd = await startSshd();
    await using shells = shellsOf(destinationOf(sshd));
    expect(await run(shells, 'kill -9 $$; sleep 5')).toMatchObject({ exitCode: null });
    expect(await run(shells, 'echo again')).toMatchObject({ stdout: 'again\n' });
  });
});

describe.runIf(requireService('sshd'))('the shared connection', () => {
  it('logs in once for many commands, and is gone afterwards', async () => {
    await using sshd = await startSshd();
    const destination = destinationOf(sshd);
    {
      await using shells = shellsOf(destination);
      const taken = await Promise.all([shells.take(), shells.take(), shells.take()]);
      await Promise.all(taken.map(async (shell) => shell.end()));
      expect(sshd.log().match(/Accepted publickey/g)).toHaveLength(1);
    }
    await waitFor(() => !existsSync(controlSocketPath(destination)), { what: 'the end of the master' });
  });

  it('is no limit: what the server refuses over it logs in by itself', async () => {
    await using sshd = await startSshd({ config: ['MaxSessions 2'] });
    await using shells = shellsOf(destinationOf(sshd));
    const taken = await Promise.all([shells.take(), shells.take(), shells.take(), shells.take()]);
    expect(taken.every((shell) => shell.isWaiting)).toBe(true);
    expect(sshd.log().match(/Accepted publickey/g)?.length).toBeGreaterThan(1);
    await Promise.all(taken.map(async (shell) => shell.end()));
  });

  it('lets no other key in', async () => {
    await using sshd = await startSshd();
    await using good = shellsOf(destinationOf(sshd));
    await good.open();
    await using bad = shellsOf(destinationOf(sshd, { sshKey: sshd.strangerKey }));
    await expect(bad.take()).rejects.toMatchObject({ errorKind: 'auth', context: { evidence: expect.stringContaining('Permission denied (publickey') as string } });
  });

  it('is not used for a host whose key is distrusted since', async () => {
    await using sshd = await startSshd();
    await using before = shellsOf(destinationOf(sshd));
    await before.open();
    writeFileSync(sshd.knownHosts, readFileSync(sshd.changedKnownHosts));
    await using after = shellsOf(destinationOf(sshd));
    await expect(after.take()).rejects.toMatchObject({ errorKind: 'host_key' });
  });

  it('is opened anew when its master has died or hangs', async () => {
    await using sshd = await startSshd();
    const destination = destinationOf(sshd);
    const masters = async (): Promise<readonly number[]> => (await runToEnd('pgrep', ['-f', `^ssh: ${controlSocketPath(destination)} `])).stdout.toString().split('\n').filter(Boolean).map(Number);
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      await using shells = shellsOf(destination);
      await shells.open();
      const [master = 0] = await waitFor(async () => { const found = await masters(); return found.length > 0 && found; }, { what: 'the master' });
      process.kill(master, signal);
      await shells.drop();
      expect(await run(shells, 'echo new')).toMatchObject({ stdout: 'new\n' });
      if (signal === 'SIGSTOP') process.kill(master, 'SIGKILL');
    }
  });

  it('that is lost under a silent master counts as network, a killed command does not', async () => {
    await using sshd = await startSshd();
    await using shells = shellsOf(destinationOf(sshd));
    const shell = await shells.take();
    const running = shell.run({ line: scriptLine(Buffer.from('echo begun; sleep 60')), afterInput: 'again', onChunk: () => undefined });
    await sshd.stop();
    const end = await running;
    if (end.kind !== 'lost') throw new Error('it should be lost');
    expect(await shells.classify(end.outcome, {})).toMatchObject({ kind: 'network' });
    await sshd.start();
    const other = await shells.take();
    const killed = await other.run({ line: scriptLine(Buffer.from('kill -9 $$')), afterInput: 'again', onChunk: () => undefined });
    if (killed.kind !== 'lost') throw new Error('it should be lost');
    expect(await shells.classify(killed.outcome, {})).toMatchObject({ kind: 'unknown' });
  });

  it('says that a login shell prints where it should not', async () => {
    await using sshd = await startSshd({ config: ['ForceCommand echo "Last backup: yesterday"; exec sh -c "$SSH_ORIGINAL_COMMAND"'] });
    await using shells = shellsOf(destinationOf(sshd));
    await expect(shells.take()).rejects.toMatchObject({ errorKind: 'config', message: expect.stringContaining('Last backup') as string, hint: expect.stringContaining('.bashrc') as string });
  });

  it('says that an account has no shell for us', async () => {
    await using sshd = await startSshd({ config: ['ForceCommand echo "This account is for file transfer only." >&2; exit 1'] });
    await using shells = shellsOf(destinationOf(sshd));
    await expect(shells.take()).rejects.toMatchObject({ code: 'TRANSPORT', message: expect.stringContaining('file transfer only') as string });
  });

  it('works whatever the login shell is', async () => {
    await using tools = await busyboxPath();
    for (const shell of [`${tools.path}/sh`, findProgram('bash'), findProgram('zsh'), findProgram('fish'), findProgram('csh')]) {
      if (shell === null) continue;
      await using sshd = await startSshd({ config: [`ForceCommand exec ${shell} -c "$SSH_ORIGINAL_COMMAND"`] });
      await using shells = shellsOf(destinationOf(sshd));
      expect(await run(shells, 'printf "%s" "it\'s"; cat', Buffer.from('!input\n'))).toMatchObject({ stdout: "it's!input\n", exitCode: 0 });
    }
  });

  it('can be aborted while a silent server keeps it waiting', async () => {
    await using sshd = await startSshd();
    await using proxy = await startTcpProxy({ target: sshd.port, stalled: true });
    await using shells = shellsOf(destinationOf(sshd, { port: proxy.port, knownHosts: await sshd.knownHostsFor(proxy.port) }));
    await expect(shells.take(AbortSignal.timeout(300))).rejects.toMatchObject({ errorKind: 'interrupted' });
  });
});

describe.runIf(requireService('sshd', 'rsync'))('rsyncShellCommand', () => {
  it('reaches ssh word by word through rsync', async () => {
    await using dir = await tempDir();
    const words = ['plain', 'a b', "it's", '"quoted"', '', '%h', '#x', '\\', "''"];
    writeFileSync(dir.join('shell'), `#!/bin/sh\nfor x do printf '%s\\0' "$x"; done >'${dir.join('seen')}'\n`, { mode: 0o755 });
    await runToEnd('rsync', ['-e', rsyncShellCommand([dir.join('shell'), ...words]), 'nas:x', dir.path]);
    expect(readFileSync(dir.join('seen'), 'utf8').split('\0').slice(0, words.length)).toEqual(words);
  });
});

describe.runIf(requireService('sshd'))('host keys', () => {
  it('are shown, compared and trusted by a person only', async () => {
    await using sshd = await startSshd();
    await using dir = await tempDir();
    const destination = destinationOf(sshd, { knownHosts: dir.join('new/known_hosts') });
    expect(await isKnownHost(destination, { runner })).toBe(false);
    const scan = await scanHostKey(destination, { runner });
    expect(scan).toMatchObject({ state: 'unknown', host: `[127.0.0.1]:${String(sshd.port)}`, trusted: [] });
    expect(scan.keys.map(({ type, key }) => `${type} ${key}`)).toEqual([sshd.hostKey]);
    const { stdout } = await runToEnd('ssh-keygen', ['-l', '-f', '-'], { input: `${sshd.hostKey}\n` });
    expect(stdout.toString()).toContain(scan.keys[0]?.fingerprint);
    await trustHostKey(scan, { runner, existing: 'keep' });
    await using shells = shellsOf(destination);
    expect(await run(shells, 'echo in')).toMatchObject({ stdout: 'in\n' });
    expect(await isKnownHost(destination, { runner })).toBe(true);
    expect(await scanHostKey(destination, { runner })).toMatchObject({ state: 'trusted' });
  });

  it('that changed are replaced only when that is asked for', async () => {
    await using sshd = await startSshd();
    const destination = destinationOf(sshd, { knownHosts: sshd.changedKnownHosts });
    const scan = await scanHostKey(destination, { runner });
    expect(scan).toMatchObject({ state: 'changed' });
    expect(scan.trusted).toHaveLength(1);
    await expect(trustHostKey(scan, { runner, existing: 'keep' })).rejects.toMatchObject({ code: 'CONFIG' });
    await trustHostKey(scan, { runner, existing: 'replace' });
    expect(await scanHostKey(destination, { runner })).toMatchObject({ state: 'trusted', trusted: [scan.keys[0]?.fingerprint] });
    await using shells = shellsOf(destination);
    expect(await run(shells, 'echo in')).toMatchObject({ stdout: 'in\n' });
  });

  it('of a host that does not answer are a matter of the network', async () => {
    await using sshd = await startSshd();
    await sshd.stop();
    await expect(scanHostKey(destinationOf(sshd), { runner })).rejects.toMatchObject({ errorKind: 'network' });
  });
});
